//! Workers whose pods were let go are declared out of service, and back when they have returned.
//!
//! Which ones that are is decided elsewhere (`heal`); here the cluster is brought to agree.

use super::super::wish::Wish;
use super::super::world::World;
use crate::report::KubernetesReport;
use crate::spec::{Machine, Role};
use crate::step::{Action, OutOfService};

pub(in super::super) fn evacuate(world: &World<'_>) -> Vec<Wish> {
    let Some(cluster) = told(world) else { return Vec::new() };
    world.spec.machines_with(Role::Worker).filter_map(|m| differs(world, cluster, m)).collect()
}

/// The cluster as a control plane that is there tells of it.
fn told<'w>(world: &'w World<'_>) -> Option<&'w KubernetesReport> {
    let connected = world.spec.machines_with(Role::ControlPlane).filter(|m| world.connected(&m.name));
    let told = connected.filter_map(|m| world.report(&m.name)?.kubernetes.as_ref());
    told.into_iter().find(|k| !k.nodes.is_empty())
}

fn differs(world: &World<'_>, cluster: &KubernetesReport, machine: &Machine) -> Option<Wish> {
    let out = world.state.healing.evacuated.contains(&machine.name);
    let shown = cluster.nodes.get(machine.name.as_str())?.out_of_service;
    let action = Action::OutOfService(OutOfService { node: machine.name.to_string(), out });
    (out != shown).then(|| Wish::through(&world.working_control_planes(), action).by_concern())
}
