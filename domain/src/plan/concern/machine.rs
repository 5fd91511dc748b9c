//! What every machine needs whatever its role: a look before, the base, the time, the firewall.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::super::leaving;
use super::super::turns;
use super::super::wish::Wish;
use super::super::world::World;
use crate::spec::{self, Machine, Role};
use crate::step::{Action, Allow, Base, CLOCK_FACT, Component, Preflight, Protocol, Reach, Sizes, TimeSync};

/// Clocks that differ by more are set before anything with certificates is made: etcd warns from 1 s on.
const CLOCK_DIFFERENCE_MS: u64 = 500;

/// A machine is looked at before anything is changed on it, and not again.
pub(in super::super) fn preflight(world: &World<'_>) -> Vec<Wish> {
    world.spec.machines.iter().map(|m| Wish::of(m, Action::Preflight(look(world, m))).once()).collect()
}

fn look(world: &World<'_>, machine: &Machine) -> Preflight {
    Preflight {
        role: machine.role,
        address: machine.address,
        minimum: minimum(world.spec, machine.role),
        reach: reach(world.spec, machine),
        vips: vec![world.spec.vips.api, world.spec.vips.apps],
        ignore: world.spec.preflight.ignore.clone(),
        max_clock_difference_ms: CLOCK_DIFFERENCE_MS,
    }
}

fn minimum(spec: &spec::Spec, role: Role) -> Sizes {
    let least = role.least();
    let own = spec.preflight.sizes.get(&role);
    let bytes = |own: Option<&spec::value::Quantity>, least: u64| own.map_or(least, spec::value::Quantity::bytes);
    let memory = bytes(own.and_then(|s| s.memory.as_ref()), least.memory);
    let disk = bytes(own.and_then(|s| s.disk.as_ref()), least.disk);
    Sizes { cpus: own.and_then(|s| s.cpus).unwrap_or(least.cpus), memory_mib: memory >> 20, disk_gib: disk >> 30 }
}

/// The ports that a machine of this role must reach on others: answered or refused, but not swallowed.
fn reach(spec: &spec::Spec, machine: &Machine) -> Vec<Reach> {
    let to = |role: Role, port: u16| {
        let others = spec.machines_with(role).filter(|m| m.name != machine.name);
        others.map(move |m| Reach { address: m.address, port }).collect::<Vec<_>>()
    };
    match machine.role {
        Role::LoadBalancer => [to(Role::ControlPlane, 6443), to(Role::Worker, 80)].concat(),
        Role::ControlPlane => [to(Role::ControlPlane, 2380), to(Role::Worker, 10250)].concat(),
        Role::Worker => [to(Role::ControlPlane, 6443), to(Role::Database, spec.database.kind.port())].concat(),
        Role::Database | Role::Storage | Role::Spare => Vec::new(),
    }
}

/// Host name, hosts file, kernel settings, packages.
pub(in super::super) fn base(world: &World<'_>) -> Vec<Wish> {
    let hosts = hosts(world.spec);
    let swap_off = world.spec.kubernetes.kubelet.get("failSwapOn") != Some(&serde_json::Value::Bool(false));
    let nfs = world.spec.storage.kind == spec::StorageKind::Nfs;
    let base = |m: &Machine| Base {
        role: m.role,
        hostname: m.name.to_string(),
        hosts: hosts.clone(),
        swap_off: swap_off && m.role.is_node(),
        nfs_client: nfs && matches!(m.role, Role::Worker | Role::Spare),
    };
    world.spec.machines.iter().map(|m| Wish::of(m, Action::Base(base(m))).after(m, Component::Preflight)).collect()
}

fn hosts(spec: &spec::Spec) -> BTreeMap<String, IpAddr> {
    let machines = spec.machines.iter().map(|m| (m.name.to_string(), m.address));
    let more = spec.dns.hosts.iter().map(|(name, address)| (name.to_string(), *address));
    machines.chain(more).collect()
}

/// chrony. On a node whose clock was right at the first look it comes after all the joins, which it would only hold up.
pub(in super::super) fn time(world: &World<'_>) -> Vec<Wish> {
    let servers: Vec<_> = world.spec.time.servers.iter().map(ToString::to_string).collect();
    let time = Action::Time(TimeSync { servers });
    let joins = world.spec.nodes().any(|m| joins(world, m));
    let wishes = world.spec.machines.iter().map(|m| {
        let wish = Wish::of(m, time.clone()).after(m, Component::Base);
        let later = joins && m.role.is_node() && !clock_first(world, m);
        wish.unless(later.then(|| "the clock is right; chrony comes after the joins".to_owned()))
    });
    wishes.collect()
}

/// Whether a machine is about to become a node. Nobody waits for one that is away or has failed.
fn joins(world: &World<'_>, machine: &Machine) -> bool {
    let name = &machine.name;
    world.connected(name) && !world.is_converged(name, Component::Node) && !turns::has_failed(world, name)
}

/// Whether a machine's clock must be set before anything else: it was off, or nobody could tell.
pub(super) fn clock_first(world: &World<'_>, machine: &Machine) -> bool {
    let off = world.report(&machine.name).and_then(|r| r.fact(Component::Preflight, CLOCK_FACT)?.parse::<u64>().ok());
    off.is_none_or(|ms| ms > CLOCK_DIFFERENCE_MS)
}

/// An allow list by role.
pub(in super::super) fn firewall(world: &World<'_>) -> Vec<Wish> {
    match world.spec.firewall {
        spec::Firewall::Off => Vec::new(),
        spec::Firewall::Managed => {
            let wish = |m| Wish::of(m, Action::Firewall(crate::step::Firewall { allow: allow(world, m) }));
            world.spec.machines.iter().map(|m| wish(m).after(m, Component::Base)).collect()
        }
    }
}

/// What may come into a machine of this role, from where. Who is on its way out is let in until it has gone: pods that end
/// there still ask for names and data, an etcd member and a coordinator still hand over.
fn allow(world: &World<'_>, machine: &Machine) -> Vec<Allow> {
    let (spec, leaving) = (world.spec, leaving::all(world));
    let from = |wanted: &dyn Fn(Role) -> bool| {
        let stay = spec.machines.iter().filter(|m| wanted(m.role)).map(|m| m.address);
        let leave = leaving.iter().filter(|m| wanted(m.role)).flat_map(|m| m.addresses());
        stay.chain(leave).map(|a| a.to_string()).collect::<Vec<_>>()
    };
    let (all, nodes) = (from(&|_| true), from(&|role| role.is_node()));
    let of = |role: Role| from(&|other| other == role);
    let rule = |protocol, port: u16, from: &[String], comment: &str| Allow {
        protocol,
        port: Some(port),
        from: from.to_vec(),
        comment: comment.to_owned(),
    };
    let mut allow = vec![rule(Protocol::Tcp, 22, &[], "ssh")];
    if spec.coordinator_machines().iter().any(|m| m.name == machine.name) {
        allow.push(rule(Protocol::Tcp, 7400, &all, "coordinator peers"));
        allow.push(rule(Protocol::Tcp, 7401, &[], "agents"));
        allow.push(rule(Protocol::Tcp, 7402, &[], "operators"));
    }
    if machine.role.is_node() {
        allow.push(rule(Protocol::Tcp, 10250, &nodes, "kubelet"));
        allow.push(rule(Protocol::Udp, 8472, &nodes, "pod network"));
    }
    match machine.role {
        Role::ControlPlane => {
            allow.push(rule(Protocol::Tcp, 6443, &[], "Kubernetes API"));
            let masters = of(Role::ControlPlane);
            allow.extend([2379, 2380].map(|port| rule(Protocol::Tcp, port, &masters, "etcd")));
        }
        Role::Worker => {
            let balancers = of(Role::LoadBalancer);
            allow.extend([80, 443, 8080].map(|port| rule(Protocol::Tcp, port, &balancers, "ingress")));
        }
        Role::LoadBalancer => {
            allow.extend([80, 443, 6443].map(|port| rule(Protocol::Tcp, port, &[], "load balancing")));
            let from = of(Role::LoadBalancer);
            allow.push(Allow { protocol: Protocol::Vrrp, port: None, from, comment: "VRRP".to_owned() });
        }
        Role::Database => allow.push(rule(Protocol::Tcp, spec.database.kind.port(), &nodes, "database")),
        Role::Storage => allow.push(rule(Protocol::Tcp, 2049, &nodes, "NFS")),
        Role::Spare => {}
    }
    allow
}
