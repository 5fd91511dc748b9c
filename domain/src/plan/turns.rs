//! Whose turn it is to be prepared, on a site whose machines share an uplink, or a host's cores and disks.
//!
//! Without a limit all are prepared at once. With one (`artifacts.parallel`), those come first that others wait for: the
//! cluster begins as soon as one control plane and one load balancer are ready.

use std::collections::BTreeSet;

use super::world::World;
use crate::id::MachineName;
use crate::spec::{Machine, Role};
use crate::step::{Component, Status};

/// What a machine of this role has before it takes part.
pub(super) fn needed_by(role: Role) -> &'static [Component] {
    match role {
        Role::ControlPlane | Role::Worker | Role::Spare => {
            &[Component::Base, Component::Containerd, Component::Kubernetes, Component::Images]
        }
        Role::LoadBalancer => &[Component::Base, Component::Haproxy, Component::Keepalived],
        Role::Database => &[Component::Base, Component::Database],
        Role::Storage => &[Component::Base, Component::NfsServer],
    }
}

/// Machines that wait for their turn. A failed one gives its turn away, so that it holds nobody up.
pub(super) fn waiting(world: &World<'_>) -> BTreeSet<MachineName> {
    let Some(limit) = world.spec.artifacts.parallel else { return BTreeSet::new() };
    let unprepared = in_order(world).into_iter().filter(|m| world.connected(&m.name) && !is_prepared(world, m));
    let able = unprepared.filter(|m| !has_failed(world, &m.name));
    let turns = usize::from(limit.get()).saturating_sub(joins(world)).max(1);
    able.skip(turns).map(|m| m.name.clone()).collect()
}

/// Whether a control plane is about to begin the cluster or to join it: that is as much work for the host as a machine that
/// is prepared, and everybody waits for it. They do it one at a time.
fn joins(world: &World<'_>) -> usize {
    let ready = |m: &&Machine| world.connected(&m.name) && is_prepared(world, m) && !has_failed(world, &m.name);
    let masters = world.spec.machines_with(Role::ControlPlane).filter(ready);
    usize::from(masters.into_iter().any(|m| !world.is_converged(&m.name, Component::Node)))
}

fn is_prepared(world: &World<'_>, machine: &Machine) -> bool {
    needed_by(machine.role).iter().all(|component| world.is_converged(&machine.name, *component))
}

/// Whether any step on a machine has failed.
pub(super) fn has_failed(world: &World<'_>, name: &MachineName) -> bool {
    let failed = |status: &Status| matches!(status, Status::Failed { .. } | Status::Expired { .. });
    world.state.journal.values().any(|r| r.step.name == *name && failed(&r.status))
}

/// Those first that others wait for.
fn in_order<'w>(world: &World<'w>) -> Vec<&'w Machine> {
    let of = |role: Role| world.spec.machines_with(role).collect::<Vec<_>>();
    let (masters, balancers) = (of(Role::ControlPlane), of(Role::LoadBalancer));
    let heads = [masters.first(), balancers.first(), masters.get(1)];
    let tails = [masters.get(2..), balancers.get(1..)].map(Option::unwrap_or_default);
    let [masters, balancers] = tails;
    let workers = of(Role::Worker);
    let rest = [of(Role::Database), of(Role::Storage)].concat();
    let ordered = heads.into_iter().flatten().chain(&workers).chain(masters).chain(&rest).chain(balancers).copied();
    ordered.chain(world.spec.machines_with(Role::Spare)).collect()
}
