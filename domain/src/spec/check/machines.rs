//! Names, addresses and how many machines each role needs.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::spec::problem::Problem;
use crate::spec::{Machine, Role, Spec, StorageKind};

/// The names `/etc/hosts` and Kubernetes have already given away.
const RESERVED: [&str; 2] = ["localhost", "kubernetes"];

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let mut problems = each(spec);
    problems.extend(counts(spec));
    problems
}

fn each(spec: &Spec) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (n, machine) in spec.machines.iter().enumerate() {
        let before = &spec.machines[..n];
        problems.extend(name(n, machine, before));
        problems.extend(address(spec, n, before));
    }
    problems
}

fn name(n: usize, machine: &Machine, before: &[Machine]) -> Option<Problem> {
    let path = format!("machines[{n}].name");
    if RESERVED.contains(&machine.name.as_str()) {
        return Some(Problem::error(path, format!("{} already means something else", machine.name)));
    }
    let twice = before.iter().any(|m| m.name == machine.name);
    twice.then(|| {
        Problem::error(path, format!("two machines are called {}", machine.name))
            .help("a name is a machine's identity: give each its own")
    })
}

fn address(spec: &Spec, n: usize, before: &[Machine]) -> Option<Problem> {
    let (machine, path) = (&spec.machines[n], format!("machines[{n}].address"));
    if let Some(what) = unusable(spec, machine.address) {
        return Some(Problem::error(path, format!("{} is {what}, no machine can be reached at it", machine.address)));
    }
    let other = before.iter().find(|m| m.address == machine.address)?;
    Some(Problem::error(path, format!("{} has the address of {}, {}", machine.name, other.name, machine.address)))
}

/// Why nothing can be reached at `address`.
pub(super) fn unusable(spec: &Spec, address: IpAddr) -> Option<&'static str> {
    let link_local = matches!(address, IpAddr::V4(a) if a.is_link_local());
    match address {
        a if a.is_unspecified() => Some("the unspecified address"),
        a if a.is_loopback() && (is_localhost(a) || !is_rehearsal(spec)) => Some("a loopback address"),
        a if a.is_multicast() => Some("a multicast address"),
        IpAddr::V4(a) if a.is_broadcast() => Some("the broadcast address"),
        _ if link_local => Some("a link-local address"),
        _ => None,
    }
}

/// The address that every machine has: it tells none from another.
fn is_localhost(address: IpAddr) -> bool {
    address == Ipv4Addr::LOCALHOST || address == Ipv6Addr::LOCALHOST
}

/// The whole site is on loopback: simulated machines in one process, which answer each at an address of its own.
fn is_rehearsal(spec: &Spec) -> bool {
    let vips = [spec.vips.api, spec.vips.apps];
    spec.machines.iter().map(|m| m.address).chain(vips).all(|a| a.is_loopback())
}

fn counts(spec: &Spec) -> Vec<Problem> {
    Role::ALL.into_iter().filter_map(|role| count(spec, role)).collect()
}

fn count(spec: &Spec, role: Role) -> Option<Problem> {
    let n = spec.machines_with(role).count();
    let problem = match role {
        Role::LoadBalancer => balancers(n)?,
        Role::Worker => workers(n)?,
        Role::Database => databases(n)?,
        Role::Storage => storage(n, spec.storage.kind)?,
        Role::ControlPlane | Role::Spare => return None,
    };
    let last = spec.machines.iter().rposition(|m| m.role == role);
    Some(match last {
        Some(n) => problem.pointing_at(format!("machines[{n}]")),
        None => problem,
    })
}

fn refused(message: &str, help: &str) -> Option<Problem> {
    Some(Problem::error("machines", message).help(help))
}

fn told(message: &str, help: &str) -> Option<Problem> {
    Some(Problem::warning("machines", message).help(help))
}

fn balancers(n: usize) -> Option<Problem> {
    match n {
        0 => refused("no load balancer: nothing would hold the VIPs", "add two machines with the role load-balancer"),
        1 => told("1 load balancer: both VIPs are lost with it", "add a second machine with the role load-balancer"),
        _ => None,
    }
}

fn workers(n: usize) -> Option<Problem> {
    match n {
        0 => refused("no worker: nothing would run the ingress and Joget", "add machines with the role worker"),
        1 => told("1 worker: Joget is down while it is", "add a second machine with the role worker"),
        _ => None,
    }
}

fn databases(n: usize) -> Option<Problem> {
    const NONE: &str = "no database machine: Joget would have nowhere to keep its data";
    match n {
        0 => refused(NONE, "add a machine with the role database"),
        1 | 2 => None,
        n => refused(&format!("{n} database machines: there is one primary and at most one replica"), "use 1 or 2"),
    }
}

fn storage(n: usize, kind: StorageKind) -> Option<Problem> {
    const IDLE: &str = "a storage machine has nothing to do unless storage.kind is nfs";
    match (n, kind) {
        (0, _) | (1, StorageKind::Nfs) => None,
        (n, StorageKind::Nfs) => refused(&format!("{n} storage machines: the folder lies on one"), "use 1"),
        (_, StorageKind::Shared | StorageKind::Local) => told(IDLE, "set storage.kind: nfs, or leave the machine out"),
    }
}
