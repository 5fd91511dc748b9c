//! A recorded decision: what, why, and what became of it.

use serde::{Deserialize, Serialize};

use super::{Act, Gate};
use crate::id::Time;

/// A decision, recorded before anything is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decision {
    /// Counts up.
    pub number: u64,
    /// When it was made.
    pub at: Time,
    /// Log index of the entry.
    pub index: u64,
    /// What is to be done.
    pub act: Act,
    /// The evidence it rests on.
    pub evidence: Vec<String>,
    /// The gates it passed, with their figures.
    pub gates: Vec<Gate>,
    /// What else could have been done, and why it is not.
    pub rejected: Vec<String>,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fate", rename_all = "kebab-case")]
pub enum Fate {
    /// It is done at that instant, unless somebody vetoes it.
    Announced {
        /// When.
        until: Time,
    },
    /// It waits for a person's word.
    Suggested,
    /// It would have been done.
    Shadow,
    /// It was done.
    Done {
        /// When.
        at: Time,
    },
    /// A person said no.
    Vetoed {
        /// When.
        at: Time,
        /// Who.
        by: String,
    },
    /// Its reason went away.
    Withdrawn {
        /// When.
        at: Time,
        /// How.
        why: String,
    },
}

impl Fate {
    /// Something may still come of it.
    pub fn is_open(&self) -> bool {
        match self {
            Self::Announced { .. } | Self::Suggested => true,
            Self::Shadow | Self::Done { .. } | Self::Vetoed { .. } | Self::Withdrawn { .. } => false,
        }
    }

    /// One word for screens.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Announced { .. } => "announced",
            Self::Suggested => "suggested",
            Self::Shadow => "shadow",
            Self::Done { .. } => "done",
            Self::Vetoed { .. } => "vetoed",
            Self::Withdrawn { .. } => "withdrawn",
        }
    }
}
