//! Which coordinator replica is to leave the group. Knows nothing of the group itself: who answers is the leader's to see.

use crate::id::CoordinatorId;
use crate::state::{CoordinatorRecord, Place, State};

/// The replica that is one too many: its machine leaves, has left, or is no coordinator in the spec any more. Nobody goes
/// before as many others are in as the spec names, so a replacement joins first. A replica on a machine that never
/// enrolled is left alone: nobody can say what it is to the spec.
pub fn surplus(state: &State) -> Option<CoordinatorId> {
    let spec = &state.spec.as_ref()?.spec;
    let live = || state.coordinators.iter().filter(|(_, replica)| !replica.removed);
    // Without a package nobody can join in its place, and waiting for that would have no end.
    let can_grow = state.mesh.as_ref().is_some_and(|mesh| mesh.package.is_some());
    let stay = if can_grow { spec.coordinator_machines().len() } else { 1 };
    if live().count() <= stay.max(1) {
        return None;
    }
    live().find(|(_, replica)| !belongs(state, replica)).map(|(id, _)| *id)
}

fn belongs(state: &State, replica: &CoordinatorRecord) -> bool {
    let Some(record) = &state.spec else { return true };
    match state.machine_of(replica).map(|(_, machine)| &machine.place) {
        Some(Place::Assigned { name, .. }) => record.spec.coordinator_machines().iter().any(|m| m.name == *name),
        Some(Place::Leaving { .. } | Place::Gone) => false,
        Some(Place::Unknown | Place::Ambiguous { .. }) | None => true,
    }
}
