//! What the planner says of each concern: this is what an operator reads when the site looks stuck.

use serde::{Deserialize, Serialize};

use crate::id::MachineName;
use crate::step::{Component, Step};

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
    /// What each entry of `waiting` is about: machines, and the component where it is known. Not part of the document.
    #[serde(skip)]
    pub(super) about: Vec<(Vec<MachineName>, Option<Component>)>,
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

    /// Why this step was not proposed; empty where it was, or was not thought of.
    pub(super) fn held_back(&self, step: &Step) -> String {
        let is = |(on, what): &(Vec<MachineName>, Option<Component>)| {
            on.contains(&step.name) && what.is_none_or(|component| component == step.component())
        };
        let all = self.concerns.iter().flat_map(|c| c.about.iter().zip(&c.waiting));
        all.filter(|(about, _)| is(about))
            .max_by_key(|((_, what), _)| what.is_some())
            .map_or_else(String::new, |(_, why)| why.clone())
    }

    /// Whether everything is as wanted.
    pub fn converged(&self) -> bool {
        !self.concerns.is_empty() && self.concerns.iter().all(|c| c.outcome == Outcome::Done)
    }
}
