//! The control plane: begun on one machine, joined by the others one at a time, with fresh secrets.

use std::collections::BTreeMap;

use super::super::turns::needed_by;
use super::super::wish::Wish;
use super::super::world::World;
use super::machine::clock_first;
use crate::catalog::Components;
use crate::spec::{Machine, Role, Spec};
use crate::state::StepRecord;
use crate::step::{
    Action, ClusterSettings, Component, ControlPlaneInit, ControlPlaneJoin, JoinCredentials, NodeIdentity, Status,
};

/// How long a pair of join secrets is used: kubeadm drops them after two hours.
const CREDENTIALS_MS: u64 = 100 * 60_000;

pub(in super::super) fn control_plane(world: &World<'_>) -> Vec<Wish> {
    let Some(first) = begin_on(world) else { return Vec::new() };
    let mut wishes = vec![begin(world, first)];
    wishes.extend(credentials(world));
    let others = world.spec.machines_with(Role::ControlPlane).filter(|m| m.name != first.name);
    let mut earlier: Vec<&Machine> = vec![first];
    for machine in others {
        wishes.push(join(world, machine, &earlier));
        earlier.push(machine);
    }
    wishes
}

/// The machine to begin on: where it was begun before, else the first.
fn begin_on<'w>(world: &'w World<'_>) -> Option<&'w Machine> {
    let begun = world.begun_on().and_then(|name| world.spec.machine(name.as_str()));
    let working = || world.working_control_planes().into_iter().next();
    begun.filter(|m| m.role == Role::ControlPlane).or_else(working).or_else(|| world.spec.first_control_plane())
}

fn begin(world: &World<'_>, machine: &Machine) -> Wish {
    let settings = match world.components() {
        Ok(parts) => settings(world.spec, &parts),
        Err(why) => return Wish::later(machine, why),
    };
    let node = identity(world.spec, machine);
    // A machine that comes anew into a cluster that others run joins it like any other.
    let others = world.working_control_planes().iter().any(|m| m.name != machine.name);
    // Nor is it begun once more where the machine it was begun on has left: the others may only be silent.
    let elsewhere = world.begun_on().is_some_and(|name| *name != machine.name);
    if (others || elsewhere) && !world.is_converged(&machine.name, Component::Node) {
        return join(world, machine, &world.working_control_planes());
    }
    let wish = Wish::of(machine, Action::ControlPlaneInit(ControlPlaneInit { node, cluster: settings })).once();
    prepared(world, wish, machine).after_any(&world.spec.balancers(), Component::Keepalived)
}

/// What any machine needs before it becomes a node.
pub(super) fn prepared(world: &World<'_>, wish: Wish, machine: &Machine) -> Wish {
    let time = clock_first(world, machine).then_some(Component::Time);
    let needs = needed_by(machine.role).iter().copied().chain(time);
    needs.fold(wish, |wish, component| wish.after(machine, component))
}

pub(super) fn identity(spec: &Spec, machine: &Machine) -> NodeIdentity {
    NodeIdentity {
        name: machine.name.to_string(),
        address: machine.address,
        control_plane: machine.role == Role::ControlPlane,
        endpoint: spec.api_endpoint(),
    }
}

fn settings(spec: &Spec, parts: &Components) -> ClusterSettings {
    let kubernetes = &spec.kubernetes;
    let tag = |image: &crate::spec::value::ImageReference| image.tag().unwrap_or_default().to_owned();
    let mut sans = vec![spec.vips.api.to_string(), "127.0.0.1".to_owned()];
    sans.extend(kubernetes.api_server.cert_sans.iter().map(ToString::to_string));
    ClusterSettings {
        version: kubernetes.version.to_string(),
        pod_subnet: kubernetes.pod_subnet.to_string(),
        service_subnet: kubernetes.service_subnet.to_string(),
        etcd_tag: tag(&parts.etcd_image),
        coredns_tag: tag(&parts.coredns),
        cert_sans: sans,
        api_server_args: kubernetes.api_server.extra_args.clone(),
        kubelet: overrides(&kubernetes.kubelet),
        proxy_mode: kubernetes.proxy_mode.as_str().to_owned(),
        proxy: overrides(&kubernetes.proxy),
        ignore_preflight: kubeadm_checks(spec),
    }
}

fn overrides(map: &serde_json::Map<String, serde_json::Value>) -> BTreeMap<String, serde_json::Value> {
    map.iter().map(|(k, v)| (k.clone(), v.clone())).collect()
}

/// kubeadm's own checks among those that are switched off: they begin with a capital letter.
pub(super) fn kubeadm_checks(spec: &Spec) -> Vec<String> {
    let ours = |name: &&String| name.starts_with(|c: char| c.is_ascii_uppercase());
    spec.preflight.ignore.iter().filter(ours).cloned().collect()
}

fn join(world: &World<'_>, machine: &Machine, earlier: &[&Machine]) -> Wish {
    let Some(ca_pin) = world.ca_pin() else { return Wish::later(machine, "the cluster is not begun yet") };
    let action = Action::ControlPlaneJoin(ControlPlaneJoin {
        node: identity(world.spec, machine),
        ca_pin,
        credentials: generation(world).0,
        ignore_preflight: kubeadm_checks(world.spec),
    });
    prepared(world, Wish::of(machine, action).once(), machine)
        .unless(stale_credentials(world))
        .unless(one_at_a_time(world, machine, earlier))
}

/// Only one machine at a time changes the membership of etcd; and a member that is ill is no ground to add one on.
fn one_at_a_time(world: &World<'_>, machine: &Machine, earlier: &[&Machine]) -> Option<String> {
    let changes = |r: &&StepRecord| {
        r.status.in_flight()
            && r.step.name != machine.name
            && matches!(
                &r.step.action,
                Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_) | Action::RemoveNode(_)
            )
    };
    if let Some(record) = world.state.journal.values().find(changes) {
        return Some(format!("masters join one at a time: {} is {}", record.step.id, record.status.word()));
    }
    let joining = earlier
        .iter()
        .find(|m| !world.is_converged(&m.name, Component::Node) && world.connected(&m.name) && ready(world, m));
    joining.map(|m| format!("masters join one at a time: {} is next", m.name))
}

fn ready(world: &World<'_>, machine: &Machine) -> bool {
    needed_by(machine.role).iter().all(|c| world.is_settled(&machine.name, *c))
}

/// The pair of join secrets in use, and when it was made.
pub(super) fn generation(world: &World<'_>) -> (u64, Option<crate::id::Time>) {
    let made = world.state.journal.values().filter_map(|r| {
        let generation = match &r.step.action {
            Action::ControlPlaneInit(_) => 0,
            Action::JoinCredentials(j) => j.generation,
            _ => return None,
        };
        matches!(r.status, Status::Confirmed { .. }).then_some((generation, r.granted))
    });
    made.max().unwrap_or((0, None))
}

/// Why nobody can join now: the secrets are too old.
pub(super) fn stale_credentials(world: &World<'_>) -> Option<String> {
    let (generation, at) = generation(world);
    let fresh = at.is_some_and(|at| world.now.ms_since(at) < CREDENTIALS_MS);
    (!fresh).then(|| format!("needs fresh join secrets (the {generation}. pair is older than 100 min)"))
}

/// Fresh join secrets, while somebody waits for them.
fn credentials(world: &World<'_>) -> Option<Wish> {
    let working = world.working_control_planes();
    let waits = world.spec.nodes().any(|m| world.connected(&m.name) && !world.is_converged(&m.name, Component::Node));
    if working.is_empty() || !waits || stale_credentials(world).is_none() {
        return None;
    }
    let next = JoinCredentials { generation: generation(world).0 + 1 };
    Some(Wish::through(&working, Action::JoinCredentials(next)))
}
