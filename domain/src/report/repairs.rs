//! What an agent brought back by itself, without any coordinator.

use serde::{Deserialize, Serialize};

use crate::id::Time;

/// What an agent did about one thing on its machine: a component, a unit, a process, a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Repair {
    /// Tries within the last ten minutes.
    pub count: u32,
    /// When the last one began, by the agent's clock; without a try, since when it is so.
    pub last: Time,
    /// What was not as it should be.
    pub what: String,
    /// What became of it.
    pub outcome: RepairOutcome,
    /// The tries of these ten minutes are used up: until they are over the agent leaves it alone.
    pub spent: bool,
}

/// What became of a repair.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum RepairOutcome {
    /// It is being done.
    Running,
    /// It is as it should be again.
    Healed,
    /// It was tried, and is not as it should be.
    Failed {
        /// Why not.
        why: String,
    },
    /// It is not the agent's to repair: a coordinator or a person has to.
    Left {
        /// Why.
        why: String,
    },
}
