//! The coordinator copies itself to the machines that the spec names for it; nobody logs in there.

use super::super::wish::Wish;
use super::super::world::World;
use crate::id::CoordinatorId;
use crate::step::{Action, Component, CoordinatorReplica};

pub(in super::super) fn coordinators(world: &World<'_>) -> Vec<Wish> {
    let Some(package) = world.state.mesh.as_ref().and_then(|m| m.package.as_ref()) else { return Vec::new() };
    let machines = world.spec.coordinator_machines();
    let wishes = machines.iter().filter(|m| !is_first(world, &m.address.to_string())).map(|m| {
        let (digest, version) = (package.digest.clone(), package.version.clone());
        let replica = CoordinatorReplica { package: digest, version, address: m.address.to_string() };
        Wish::of(m, Action::Coordinator(replica)).after(m, Component::Preflight)
    });
    wishes.collect()
}

/// The coordinator that `init` made runs already; it was not installed by an agent.
fn is_first(world: &World<'_>, address: &str) -> bool {
    let live = world.state.coordinators.iter().filter(|(_, c)| !c.removed && c.host == address);
    live.map(|(id, _)| *id).any(|id| id == CoordinatorId::FIRST)
}
