//! Steps in flight or done, and what the reducer refuses about them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Refusal, State};
use crate::id::Time;
use crate::step::{Component, Status, Step, StepId};

/// A step and how far it came.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepRecord {
    /// The step.
    pub step: Step,
    /// How far it came.
    pub status: Status,
    /// Log index at which its plan was adopted: the fence.
    pub index: u64,
    /// When it was adopted.
    pub adopted: Time,
    /// When it was granted, if ever.
    pub granted: Option<Time>,
}

/// How many finished steps of one component of one machine are kept.
const KEPT: usize = 4;

/// Why these steps may not be adopted together with those in flight: the last fence, which does not depend on the planner.
pub fn refuse(state: &State, steps: &[Step]) -> Result<(), Refusal> {
    let bad = |text: String| Err(Refusal::UnsafePlan { text });
    let mut joins =
        state.journal.values().filter(|r| r.status.in_flight() && r.step.action.changes_membership()).count();
    for step in steps {
        if let Some(known) = state.journal.get(&step.id) {
            return bad(format!("{} is {} already", step.id, known.status.word()));
        }
        let same = |r: &&StepRecord| {
            r.status.in_flight() && r.step.machine == step.machine && r.step.component() == step.component()
        };
        if let Some(other) = state.journal.values().find(same) {
            return bad(format!("{} is {} on {}", other.step.id, other.status.word(), step.name));
        }
        if !state.machines.contains_key(&step.machine) {
            return bad(format!("{} is no enrolled machine", step.machine));
        }
        joins += usize::from(step.action.changes_membership());
    }
    if joins > 1 {
        return bad("only one machine at a time may change the membership of the control plane".to_owned());
    }
    Ok(())
}

/// Forgets all but the newest finished steps of each component of each machine.
pub fn prune(journal: &mut BTreeMap<StepId, StepRecord>) {
    let mut finished: BTreeMap<(String, Component), Vec<(u64, StepId)>> = BTreeMap::new();
    for (id, record) in journal.iter().filter(|(_, r)| !r.status.in_flight()) {
        let key = (record.step.machine.to_string(), record.step.component());
        finished.entry(key).or_default().push((record.index, id.clone()));
    }
    for mut group in finished.into_values() {
        group.sort();
        let surplus = group.len().saturating_sub(KEPT);
        for (_, id) in group.into_iter().take(surplus) {
            journal.remove(&id);
        }
    }
}
