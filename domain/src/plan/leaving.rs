//! Machines on their way out: whether the cluster still has them, and what they wait for before they are cleaned.

use std::net::IpAddr;

use super::{Input, World};
use crate::health::Condition;
use crate::id::{MachineId, MachineName, Time};
use crate::report::KubernetesReport;
use crate::spec::{Machine, Role};
use crate::state::{MachineRecord, Place, StepRecord};
use crate::step::{Action, Component, Status};

/// Milliseconds that control planes have to show a removal in their lists: they look every five seconds.
const SHOWN_MS: u64 = 20_000;

/// A machine that the spec does not name any more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaving<'a> {
    pub(super) id: &'a MachineId,
    pub(super) record: &'a MachineRecord,
    pub(super) name: &'a MachineName,
    pub(super) role: Role,
}

impl Leaving<'_> {
    /// Where it may speak from.
    pub(super) fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.record.facts.addresses.iter().copied().filter(|a| !a.is_loopback())
    }
}

/// Where it stands towards the cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// No node, or not any more.
    Out,
    /// Removed; the lists of nodes are about to show it.
    Settling,
    /// A node.
    In,
}

/// All of them, in the order in which they enrolled.
pub(super) fn all<'a>(world: &World<'a>) -> Vec<Leaving<'a>> {
    let leaving = world.state.machines.iter().filter_map(|(id, record)| match &record.place {
        Place::Leaving { name, role } => Some(Leaving { id, record, name, role: *role }),
        Place::Unknown | Place::Bound { .. } | Place::Assigned { .. } | Place::Ambiguous { .. } | Place::Gone => None,
    });
    leaving.collect()
}

/// What the lists of the control planes say, and where none tells, the journal. A node that was removed and registered
/// itself again, as a kubelet does when its machine is switched on, is a node again.
pub(super) fn standing(world: &World<'_>, machine: Leaving<'_>) -> Standing {
    if !machine.role.is_node() || !(world.is_begun() || world.is_converged(machine.name, Component::Node)) {
        return Standing::Out;
    }
    match (removed(world, machine), is_listed(world, machine)) {
        (Some((_, at)), Some(true)) if world.now.ms_since(at) < SHOWN_MS => Standing::Settling,
        (Some(_), Some(true)) | (None, Some(true) | None) => Standing::In,
        (Some(_), Some(false) | None) => Standing::Out,
        // A list may be older than the node: what was one is asked to go all the same.
        (None, Some(false)) if world.is_converged(machine.name, Component::Node) => Standing::In,
        (None, Some(false)) => Standing::Out,
    }
}

/// Whether it was drained since it last was a node.
pub(super) fn is_drained(world: &World<'_>, machine: Leaving<'_>) -> bool {
    let is = |action: &Action| matches!(action, Action::Drain(drain) if drain.node == machine.name.as_str());
    let drained = confirmed(world, is).map(|(index, _)| index);
    let since = removed(world, machine).map(|(index, _)| index);
    drained.is_some_and(|index| index >= joined(world, machine) && since.is_none_or(|removed| index > removed))
}

/// Whether it was found dead and has not spoken since: nobody is there to be drained.
pub(super) fn is_dead(world: &World<'_>, machine: Leaving<'_>) -> bool {
    let found = world.state.health.get(machine.id).is_some_and(|h| h.condition == Condition::Dead);
    found && !world.connected(machine.name)
}

/// Index and instant of its last removal, unless it became a node afterwards.
fn removed(world: &World<'_>, machine: Leaving<'_>) -> Option<(u64, Time)> {
    let is = |action: &Action| matches!(action, Action::RemoveNode(remove) if remove.node == machine.name.as_str());
    confirmed(world, is).filter(|(index, _)| *index >= joined(world, machine))
}

fn confirmed(world: &World<'_>, is: impl Fn(&Action) -> bool) -> Option<(u64, Time)> {
    let records = world.state.journal.values().filter(|r| is(&r.step.action));
    records.filter(|r| matches!(r.status, Status::Confirmed { .. })).map(|r| (r.index, r.status.at())).max()
}

/// Index of the last step that made it a node; 0 where none is kept.
fn joined(world: &World<'_>, machine: Leaving<'_>) -> u64 {
    let own = |r: &&StepRecord| r.step.machine == *machine.id && r.step.component() == Component::Node;
    world.state.journal.values().filter(own).map(|r| r.index).max().unwrap_or_default()
}

/// The address under which it became a node.
pub(super) fn joined_at(world: &World<'_>, machine: Leaving<'_>) -> Option<IpAddr> {
    let own = world.state.journal.values().rev().filter(|r| r.step.machine == *machine.id);
    let mut nodes = own.filter_map(|r| match &r.step.action {
        Action::ControlPlaneInit(init) => Some(init.node.address),
        Action::ControlPlaneJoin(join) => Some(join.node.address),
        Action::WorkerJoin(join) => Some(join.node.address),
        _ => None,
    });
    nodes.next()
}

/// Whether any control plane that stays lists it; `None` where none of them tells.
fn is_listed(world: &World<'_>, machine: Leaving<'_>) -> Option<bool> {
    let connected = world.spec.machines_with(Role::ControlPlane).filter(|m| world.connected(&m.name));
    let told = connected.filter_map(|m| world.report(&m.name)?.kubernetes.as_ref()).filter(|k| !k.nodes.is_empty());
    told.map(|k| lists(k, machine)).reduce(|any, one| any || one)
}

fn lists(told: &KubernetesReport, machine: Leaving<'_>) -> bool {
    let member = told.etcd.as_ref().is_some_and(|e| e.members.contains_key(machine.name.as_str()));
    told.nodes.contains_key(machine.name.as_str()) || (machine.role == Role::ControlPlane && member)
}

/// What must end before it is cleaned; `None` when it may be.
pub(super) fn unfinished(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    in_use(world, machine).or_else(|| last_balancer(world, machine))
}

/// What it still is to the cluster, to the coordinators, or to a step.
fn in_use(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    let cluster = match standing(world, machine) {
        Standing::In => Some("needs to be out of the cluster".to_owned()),
        Standing::Settling => Some("needs to be gone from the list of nodes".to_owned()),
        Standing::Out => None,
    };
    let replica = || world.state.replica_on(machine.id).map(|_| "its coordinator leaves the group first".to_owned());
    busy(world, machine).or(cluster).or_else(replica)
}

/// A step that it has begun: cleaning beside it would take away what it makes.
pub(super) fn busy(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    let other = |r: &&StepRecord| {
        r.step.machine == *machine.id && r.status.in_flight() && r.step.component() != Component::Reset
    };
    world.state.journal.values().find(other).map(|r| format!("{} is {}", r.step.id, r.status.word()))
}

/// The VIPs must have somewhere to go.
fn last_balancer(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    let holds = |m: &Machine| world.connected(&m.name) && world.is_settled(&m.name, Component::Keepalived);
    let alone = machine.role == Role::LoadBalancer && !world.spec.machines_with(Role::LoadBalancer).any(holds);
    alone.then(|| "no other load balancer is there for the VIPs yet".to_owned())
}

/// The machine called `name`, when nothing of its retirement is left but to clean it and its agent is silent: a person may
/// say that it will never return. Otherwise why it must stay; `None` where no machine of that name is on its way out.
pub fn may_forget(input: &Input<'_>, name: &MachineName) -> Option<Result<MachineId, String>> {
    let world = World::new(input)?;
    let machine = all(&world).into_iter().find(|m| m.name == name)?;
    let speaks = world.connected(name).then(|| "its agent is there and cleans it".to_owned());
    let waits = speaks.or_else(|| in_use(&world, machine));
    Some(waits.map_or_else(|| Ok(machine.id.clone()), |why| Err(format!("{name} is on its way out already: {why}"))))
}
