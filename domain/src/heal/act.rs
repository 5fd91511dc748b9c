//! What can be done about a machine beyond what its own agent does.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::MachineName;

/// One act.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "act", rename_all = "kebab-case")]
pub enum Act {
    /// A dead worker's pods are let go, so that they start elsewhere. Taken back when it returns.
    Evacuate {
        /// The worker.
        machine: MachineName,
    },
    /// A spare takes the place of a dead machine, which is retired: it is out for good.
    Replace {
        /// The dead machine.
        machine: MachineName,
        /// The spare.
        spare: MachineName,
    },
}

impl Act {
    /// The machine that it is about.
    pub fn machine(&self) -> &MachineName {
        match self {
            Self::Evacuate { machine } | Self::Replace { machine, .. } => machine,
        }
    }

    /// Whether it cannot be taken back.
    pub fn is_destructive(&self) -> bool {
        match self {
            Self::Evacuate { .. } => false,
            Self::Replace { .. } => true,
        }
    }

    /// Whether it is of the same kind and about the same machine, whichever spare it names.
    pub(super) fn is_like(&self, other: &Self) -> bool {
        self.machine() == other.machine() && self.is_destructive() == other.is_destructive()
    }
}

impl fmt::Display for Act {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Evacuate { machine } => write!(f, "let the pods of {machine} go"),
            Self::Replace { machine, spare } => write!(f, "{spare} takes the place of {machine}"),
        }
    }
}
