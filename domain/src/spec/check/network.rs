//! The pods' and the services' network against every address of the site, and against each other.

use std::net::IpAddr;

use crate::spec::problem::Problem;
use crate::spec::value::Cidr;
use crate::spec::{Role, Spec};

/// A node gets this share of the pods' network.
const NODE_PREFIX: u8 = 24;
/// Kubernetes refuses a larger network for services.
const SERVICE_PREFIX: u8 = 12;
/// Networks to propose, in this order.
const PODS: [&str; 4] = ["10.244.0.0/16", "10.32.0.0/16", "172.24.0.0/16", "100.64.0.0/16"];
const SERVICES: [&str; 4] = ["10.96.0.0/12", "172.20.0.0/16", "10.48.0.0/16", "100.96.0.0/16"];

/// An address and who has it.
type Named = (String, IpAddr);

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let k = &spec.kubernetes;
    let mut problems = occupied(spec, &addresses(spec));
    if k.pod_subnet.overlaps(&k.service_subnet) {
        let message = format!("{} overlaps kubernetes.podSubnet ({})", k.service_subnet, k.pod_subnet);
        problems.push(Problem::error("kubernetes.serviceSubnet", message).help(proposal(
            spec,
            &SERVICES,
            &k.pod_subnet,
        )));
    }
    problems.extend(sizes(spec));
    problems.extend(families(spec));
    problems
}

/// Whether addresses that machines report, a gateway for example, lie in a network of the cluster.
///
/// `reported` holds for each address what it is, in words.
pub fn check_reported(spec: &Spec, reported: &[(String, IpAddr)]) -> Vec<Problem> {
    occupied(spec, reported)
}

fn occupied(spec: &Spec, addresses: &[Named]) -> Vec<Problem> {
    let k = &spec.kubernetes;
    let pods = contains(spec, ("kubernetes.podSubnet", &k.pod_subnet), addresses, (&PODS, &k.service_subnet));
    let services =
        contains(spec, ("kubernetes.serviceSubnet", &k.service_subnet), addresses, (&SERVICES, &k.pod_subnet));
    pods.into_iter().chain(services).collect()
}

fn contains(
    spec: &Spec,
    (path, net): (&str, &Cidr),
    addresses: &[Named],
    (candidates, other): (&[&str], &Cidr),
) -> Option<Problem> {
    let inside: Vec<&Named> = addresses.iter().filter(|(_, address)| net.contains(*address)).collect();
    let ((first, address), rest) = inside.split_first()?;
    let second = rest.first().map(|(name, _)| name.as_str());
    let message = match (second, rest.len()) {
        (None, _) => format!("{net} contains {first} ({address})"),
        (Some(second), 1) => format!("{net} contains {first} ({address}) and {second}"),
        (Some(second), n) => format!("{net} contains {first} ({address}), {second} and {} more", n - 1),
    };
    Some(Problem::error(path, message).help(proposal(spec, candidates, other)))
}

fn proposal(spec: &Spec, candidates: &[&str], other: &Cidr) -> String {
    let taken = addresses(spec);
    let free = |net: &Cidr| !net.overlaps(other) && !taken.iter().any(|(_, a)| net.contains(*a));
    let net = candidates.iter().filter_map(|text| Cidr::parse(text).ok()).find(free);
    let example = net.map(|net| format!(", for example {net}")).unwrap_or_default();
    let outside = spec.machines.first().map(|m| Cidr::around(m.address, NODE_PREFIX).to_string()).unwrap_or_default();
    format!("choose a network outside {outside}{example}")
}

/// Every address the site uses, with its name: a machine and a VIP first, as examples.
fn addresses(spec: &Spec) -> Vec<Named> {
    let machine = |m: &crate::spec::Machine| (m.name.to_string(), m.address);
    let first = spec.machines_with(Role::ControlPlane).next().map(machine);
    let vips = [("vips.api".to_owned(), spec.vips.api), ("vips.apps".to_owned(), spec.vips.apps)];
    let rest = spec.machines.iter().map(machine).filter(|named| Some(named) != first.as_ref());
    let dns = spec.dns.servers.iter().enumerate().map(|(n, a)| (format!("dns.servers[{n}]"), *a));
    let hosts = spec.dns.hosts.iter().map(|(name, a)| (format!("dns.hosts.{name}"), *a));
    let storage = spec.storage.server.as_ref().and_then(|s| s.address()).map(|a| ("storage.server".to_owned(), a));
    let mirror =
        spec.artifacts.mirror.as_ref().and_then(|u| u.host().parse().ok()).map(|a| ("artifacts.mirror".to_owned(), a));
    let time = spec.time.servers.iter().enumerate();
    let time = time.filter_map(|(n, s)| s.address().map(|a| (format!("time.servers[{n}]"), a)));
    let named = first.clone().into_iter().chain(vips).chain(rest).chain(dns).chain(hosts);
    named.chain(storage).chain(mirror).chain(time).collect()
}

/// IPv4 only: IPv6 has other prefixes and is not proven.
fn sizes(spec: &Spec) -> Vec<Problem> {
    let k = &spec.kubernetes;
    let mut problems = Vec::new();
    if k.pod_subnet.network().is_ipv6() || k.service_subnet.network().is_ipv6() {
        return problems;
    }
    let nodes = spec.nodes().count();
    let room = NODE_PREFIX.checked_sub(k.pod_subnet.prefix()).map_or(0, |bits| 1_usize << bits.min(24));
    if room < nodes {
        let message =
            format!("{} has room for {room} nodes of a /{NODE_PREFIX} each, the file has {nodes}", k.pod_subnet);
        problems.push(Problem::error("kubernetes.podSubnet", message).help("use a /16, which has room for 256 nodes"));
    }
    if k.service_subnet.prefix() < SERVICE_PREFIX || k.service_subnet.prefix() > NODE_PREFIX {
        let message = format!("{} has a prefix outside /{SERVICE_PREFIX} to /{NODE_PREFIX}", k.service_subnet);
        problems.push(
            Problem::error("kubernetes.serviceSubnet", message).help("the default, 10.96.0.0/12, suits any site"),
        );
    }
    problems
}

fn families(spec: &Spec) -> Option<Problem> {
    let six = |net: &Cidr| net.network().is_ipv6();
    let k = &spec.kubernetes;
    let differs = addresses(spec).into_iter().find(|(_, a)| a.is_ipv6() != six(&k.pod_subnet));
    if six(&k.pod_subnet) != six(&k.service_subnet) {
        return Some(Problem::error(
            "kubernetes.serviceSubnet",
            "podSubnet and serviceSubnet are of different IP versions",
        ));
    }
    let (name, address) = differs?;
    let message = format!("{} and {name} ({address}) are of different IP versions", k.pod_subnet);
    Some(Problem::error("kubernetes.podSubnet", message).help("use one IP version throughout; IPv4 is proven"))
}
