//! What was decided about ill machines, and what people said about it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use super::Incident;
use crate::heal::{Act, Decision, Fate};
use crate::id::{MachineName, Time};
use crate::spec::Spec;

/// How many decisions are kept.
const KEPT: usize = 200;

/// Healing, as the coordinators agreed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct HealingState {
    /// Nothing is decided or done while this is set.
    pub paused: Option<Pause>,
    /// Machines that somebody works on, until when.
    pub maintenance: BTreeMap<MachineName, Time>,
    /// Workers whose pods were let go and that have not returned.
    pub evacuated: BTreeSet<MachineName>,
    /// Decisions, oldest first.
    pub decisions: VecDeque<Decision>,
    /// Incidents, oldest first.
    pub incidents: VecDeque<Incident>,
    /// The number of the last decision.
    pub next: u64,
}

/// Somebody paused healing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// Who.
    pub by: String,
    /// When.
    pub at: Time,
}

impl HealingState {
    /// The decision of that number.
    pub fn decision(&self, number: u64) -> Option<&Decision> {
        self.decisions.iter().find(|d| d.number == number)
    }

    pub(super) fn decision_mut(&mut self, number: u64) -> Option<&mut Decision> {
        self.decisions.iter_mut().find(|d| d.number == number)
    }

    /// What was said of machines that the spec does not name any more is over: whoever bears such a name later is another one.
    pub(super) fn forget_unnamed(&mut self, spec: &Spec) {
        self.evacuated.retain(|name| spec.machine(name.as_str()).is_some());
        self.maintenance.retain(|name, _| spec.machine(name.as_str()).is_some());
    }

    pub(super) fn push(&mut self, decision: Decision) {
        self.decisions.push_back(decision);
        // What is open is never forgotten.
        while self.decisions.len() > KEPT && self.decisions.front().is_some_and(|d| !d.fate.is_open()) {
            self.decisions.pop_front();
        }
    }

    /// What was done, newest last.
    pub fn done(&self) -> impl DoubleEndedIterator<Item = (&Act, Time)> {
        self.decisions.iter().filter_map(|d| match d.fate {
            Fate::Done { at } => Some((&d.act, at)),
            Fate::Announced { .. } | Fate::Suggested | Fate::Shadow | Fate::Vetoed { .. } | Fate::Withdrawn { .. } => {
                None
            }
        })
    }
}
