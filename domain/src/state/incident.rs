//! Incidents: from the first machine that falls to the moment at which nobody is ill any more.

use std::collections::{BTreeSet, VecDeque};

use serde::{Deserialize, Serialize};

use crate::id::{MachineName, Time};

/// How many are kept.
const KEPT: usize = 100;

/// A time in which something was ill.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// Counts up.
    pub number: u64,
    /// When the first machine fell.
    pub began: Time,
    /// When nobody was ill any more; absent while somebody is.
    pub ended: Option<Time>,
    /// Machines that were ill.
    pub machines: BTreeSet<MachineName>,
    /// The last event before it: what came after belongs to it.
    pub after: u64,
}

/// Somebody fell: the open incident goes on, or one begins.
pub(super) fn fell(all: &mut VecDeque<Incident>, at: Time, name: &MachineName, after: u64) {
    if all.back().is_none_or(|last| last.ended.is_some()) {
        let number = all.back().map_or(1, |last| last.number + 1);
        all.push_back(Incident { number, began: at, ended: None, machines: BTreeSet::new(), after });
        if all.len() > KEPT {
            all.pop_front();
        }
    }
    if let Some(open) = all.back_mut() {
        open.machines.insert(name.clone());
    }
}

/// Nobody is ill any more.
pub(super) fn over(all: &mut VecDeque<Incident>, at: Time) {
    if let Some(open) = all.back_mut().filter(|last| last.ended.is_none()) {
        open.ended = Some(at);
    }
}
