//! Which machines are no longer as the state has them: only changes are replicated, and suspicion is none.

use super::{Condition, judge};
use crate::id::{MachineId, Time};
use crate::plan::Input;
use crate::state::{Place, State};

/// A machine is no longer as it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// Which.
    pub machine: MachineId,
    /// How it is now.
    pub condition: Condition,
    /// Why that is thought.
    pub evidence: Vec<String>,
}

/// What has changed, for an observer who listens since `since`.
pub fn transitions(input: &Input<'_>, since: Time) -> Vec<Transition> {
    let placed = input.state.machines.iter().filter(|(_, m)| matches!(m.place, Place::Assigned { .. }));
    placed.filter_map(|(id, _)| changed(input, id, since)).collect()
}

fn changed(input: &Input<'_>, id: &MachineId, since: Time) -> Option<Transition> {
    let seen = input.observed.get(id);
    let judged = judge(seen, since, input.now);
    let spoke = seen.is_some_and(|s| s.heard >= since);
    let differs = match judged.condition {
        // Not heard and not yet silent for long: a new leader knows nothing.
        Condition::Healthy => spoke && known(input.state, id) != Condition::Healthy,
        Condition::Suspect => false,
        Condition::Unreachable | Condition::Dead => known(input.state, id) != judged.condition,
    };
    differs.then(|| Transition { machine: id.clone(), condition: judged.condition, evidence: judged.evidence })
}

fn known(state: &State, id: &MachineId) -> Condition {
    state.health.get(id).map_or(Condition::Healthy, |record| record.condition)
}
