//! Workers join as soon as the cluster is begun, all at once.

use super::super::wish::Wish;
use super::super::world::World;
use super::control_plane::{generation, identity, kubeadm_checks, prepared, stale_credentials};
use crate::spec::{Machine, Role};
use crate::step::{Action, WorkerJoin};

pub(in super::super) fn workers(world: &World<'_>) -> Vec<Wish> {
    world.spec.machines_with(Role::Worker).map(|m| join(world, m)).collect()
}

fn join(world: &World<'_>, machine: &Machine) -> Wish {
    let Some(ca_pin) = world.ca_pin() else { return Wish::later(machine, "the cluster is not begun yet") };
    let action = Action::WorkerJoin(WorkerJoin {
        node: identity(world.spec, machine),
        ca_pin,
        credentials: generation(world).0,
        ignore_preflight: kubeadm_checks(world.spec),
    });
    prepared(world, Wish::of(machine, action).once(), machine).unless(stale_credentials(world))
}
