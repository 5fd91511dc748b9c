//! Machines that the spec does not name any more: drained, removed from the cluster, cleaned by their own ledger.

use super::super::wish::{Done, Need, Wish};
use super::super::world::World;
use crate::id::{MachineId, MachineName};
use crate::report::Report;
use crate::spec::{Machine, Role};
use crate::state::{MachineRecord, Place};
use crate::step::{Action, Component, Drain, RemoveNode};

pub(in super::super) fn retire(world: &World<'_>) -> Vec<Wish> {
    let leaving = world.state.machines.iter().filter_map(|(id, record)| match &record.place {
        Place::Leaving { name, role } => Some((id, record, name, *role)),
        Place::Unknown | Place::Assigned { .. } | Place::Ambiguous { .. } | Place::Gone => None,
    });
    leaving.flat_map(|(id, record, name, role)| one(world, (id, record), (name, role))).collect()
}

fn one(world: &World<'_>, (_, record): (&MachineId, &MachineRecord), (name, role): (&MachineName, Role)) -> Vec<Wish> {
    if !role.is_node() {
        return Vec::new();
    }
    let peer = (role == Role::ControlPlane)
        .then(|| record.facts.addresses.iter().copied().find(|a| !a.is_loopback()))
        .flatten();
    let working: Vec<&Machine> = world.working_control_planes();
    let drain = Wish::through(&working, Action::Drain(Drain { node: name.to_string(), timeout_seconds: 120 }));
    let mut remove =
        Wish::through(&working, Action::RemoveNode(RemoveNode { node: name.to_string(), etcd_peer: peer }));
    remove.needs.push(Need::AnySettled(working.iter().map(|m| m.name.clone()).collect(), Component::Drain));
    let remove = remove.unless((role == Role::ControlPlane).then(|| quorum(world)).flatten());
    debug_assert_eq!(remove.done, Done::AsWanted, "each removal is a removal of its own");
    vec![drain, remove]
}

/// Why no etcd member may be removed now: the others must keep a quorum after it.
fn quorum(world: &World<'_>) -> Option<String> {
    let masters = world.spec.control_planes();
    let healthy = masters.iter().filter(|m| world.report(&m.name).is_some_and(etcd_is_healthy)).count();
    let needed = masters.len() / 2 + 1;
    (healthy < needed).then(|| {
        format!("{healthy} of the {} control planes that stay are healthy, a quorum is {needed}", masters.len())
    })
}

fn etcd_is_healthy(report: &Report) -> bool {
    report.kubernetes.as_ref().and_then(|k| k.etcd.as_ref()).is_some_and(|e| e.healthy)
}
