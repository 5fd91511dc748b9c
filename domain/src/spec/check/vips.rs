//! The two addresses that move: free, different, and where the load balancers can answer for them.

use std::net::IpAddr;

use crate::spec::Spec;
use crate::spec::problem::Problem;
use crate::spec::value::Cidr;

use super::machines::unusable;

/// The subnet is not in the file; this is what nearly every site uses.
const USUAL_PREFIX: u8 = 24;

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let mut problems = one(spec, "vips.api", spec.vips.api);
    problems.extend(one(spec, "vips.apps", spec.vips.apps));
    if spec.vips.api == spec.vips.apps {
        let message = format!("vips.api is {} too: each moves on its own", spec.vips.apps);
        problems.push(Problem::error("vips.apps", message).help("use a second free address"));
    }
    problems
}

fn one(spec: &Spec, path: &str, vip: IpAddr) -> Vec<Problem> {
    let mut problems = Vec::new();
    if let Some(what) = unusable(spec, vip) {
        problems.push(Problem::error(path, format!("{vip} is {what}")));
    }
    if let Some(machine) = spec.machine_at(vip) {
        let message = format!("{vip} is the address of {}: a VIP is an address no machine has", machine.name);
        problems.push(Problem::error(path, message).help("use a free address of the load balancers' subnet"));
    }
    if spec.dns.servers.contains(&vip) {
        problems.push(Problem::error(path, format!("{vip} is a DNS server")).help("use a free address"));
    }
    problems.extend(elsewhere(spec, path, vip));
    problems
}

fn elsewhere(spec: &Spec, path: &str, vip: IpAddr) -> Option<Problem> {
    let near = Cidr::around(vip, USUAL_PREFIX);
    let balancers = spec.balancers();
    let far = balancers.iter().find(|m| !near.contains(m.address))?;
    let message = format!("{vip} and {} ({}) are not in one /{USUAL_PREFIX}", far.name, far.address);
    let help = "a VIP is answered for by ARP: it must lie in the subnet of every load balancer; ignore this if theirs is larger";
    Some(Problem::warning(path, message).help(help))
}
