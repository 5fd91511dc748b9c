//! What the planner says of each concern: this is what an operator reads when the site looks stuck.

use serde::{Deserialize, Serialize};

/// What the planner says.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PlanReport {
    /// In the order of concerns.
    pub concerns: Vec<ConcernReport>,
}

/// One concern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConcernReport {
    /// Its name.
    pub name: String,
    /// Wishes that are fulfilled.
    pub done: u32,
    /// All wishes.
    pub all: u32,
    /// Where it stands.
    pub outcome: Outcome,
    /// Each wish that is not done and not under way, with its reason: "m2: needs containerd on m2".
    pub waiting: Vec<String>,
}

/// Where a concern stands. `Waiting` lets later concerns go on, `Hold` does not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// Everything is as wanted.
    Done,
    /// Steps are proposed or under way.
    Proposed,
    /// Nothing can be done now.
    Waiting {
        /// The first reason.
        why: String,
    },
    /// Nothing may be done, by this concern or a later one.
    Hold {
        /// Why.
        why: String,
    },
}

impl PlanReport {
    /// Wishes fulfilled and all wishes.
    pub fn progress(&self) -> (u32, u32) {
        self.concerns.iter().fold((0, 0), |(done, all), c| (done + c.done, all + c.all))
    }

    /// Whether everything is as wanted.
    pub fn converged(&self) -> bool {
        !self.concerns.is_empty() && self.concerns.iter().all(|c| c.outcome == Outcome::Done)
    }
}
