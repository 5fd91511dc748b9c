//! What changed, for people: kept with the state, shown by `hactl events`.

use serde::{Deserialize, Serialize};

use crate::id::Time;

/// Something that happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// Counts up from 1 without gaps.
    pub seq: u64,
    /// When.
    pub at: Time,
    /// Who or what caused it.
    pub by: String,
    /// What kind.
    pub kind: EventKind,
    /// One line for a person.
    pub text: String,
}

/// Kinds of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum EventKind {
    Mesh,
    Spec,
    Machine,
    Coordinator,
    Token,
    Step,
    Secret,
    User,
    Heal,
    Alarm,
}

impl EventKind {
    /// One word for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Mesh => "mesh",
            Self::Spec => "spec",
            Self::Machine => "machine",
            Self::Coordinator => "coordinator",
            Self::Token => "token",
            Self::Step => "step",
            Self::Secret => "secret",
            Self::User => "user",
            Self::Heal => "heal",
            Self::Alarm => "alarm",
        }
    }
}
