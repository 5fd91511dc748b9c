//! Machines that the spec does not name any more: drained, removed from the cluster, cleaned by their own ledger.
//!
//! Each cleans itself last of all, and is forgotten then. One whose agent is silent leaves the cluster through the others
//! and is cleaned when it returns: it may never do, so it is told of as waiting, but the site counts as wanted without it.

use std::net::{IpAddr, SocketAddr};

use super::super::leaving::{self, Leaving, Standing};
use super::super::wish::Wish;
use super::super::world::World;
use crate::report::EtcdReport;
use crate::spec::{Machine, Role, quorum};
use crate::step::{Action, Component, Drain, RemoveNode, Reset};

pub(in super::super) fn retire(world: &World<'_>) -> Vec<Wish> {
    let all = leaving::all(world);
    let turn = all.iter().find(|m| leaving::standing(world, **m) != Standing::Out).map(|m| m.id);
    let wishes = all.iter().filter(|m| !world.state.is_clean(m.id)).flat_map(|m| {
        let mut wishes = match leaving::standing(world, *m) {
            Standing::In if turn == Some(m.id) => take_out(world, *m),
            Standing::In | Standing::Settling | Standing::Out => Vec::new(),
        };
        wishes.push(clean(world, *m));
        wishes
    });
    wishes.collect()
}

/// By its own agent, when nobody needs it any more.
fn clean(world: &World<'_>, machine: Leaving<'_>) -> Wish {
    let reset = Wish::on(vec![machine.name.clone()], Ok(Action::Reset(Reset { leave: true }))).by_concern();
    reset.unless(leaving::unfinished(world, machine)).spared(silent(machine))
}

fn silent(machine: Leaving<'_>) -> String {
    let meanwhile = match machine.role {
        Role::LoadBalancer => ", switch it off, it may still hold a VIP",
        Role::ControlPlane | Role::Worker | Role::Database | Role::Storage | Role::Spare => "",
    };
    let again = format!("`hactl node remove {}` again forgets it if it never will", machine.name);
    format!("its agent is silent: it is cleaned when it returns{meanwhile}; {again}")
}

/// Drained, then deleted, one node at a time: a control plane's report shows only the last of either.
fn take_out(world: &World<'_>, machine: Leaving<'_>) -> Vec<Wish> {
    let working = world.working_control_planes();
    let (node, is_master) = (machine.name.to_string(), machine.role == Role::ControlPlane);
    let first = leaving::busy(world, machine).or_else(|| alone(world, machine, &working));
    let first = first.or_else(|| successor(world, machine).filter(|_| is_master));
    let peer = peer(world, machine).filter(|_| is_master);
    let remove = RemoveNode { node: node.clone(), etcd_peer: peer };
    let remove = Wish::through(&working, Action::RemoveNode(remove)).by_concern().unless(first.clone());
    let remove = remove.unless(unsafe_for_etcd(world, machine).filter(|_| is_master));
    if leaving::is_drained(world, machine) || leaving::is_dead(world, machine) {
        return vec![remove];
    }
    let drain = Wish::through(&working, Action::Drain(Drain { node, timeout_seconds: 120 })).by_concern();
    vec![drain.unless(first), remove.unless(Some(format!("needs drain of {}", machine.name)))]
}

/// Why nobody can take it out: the cluster is nowhere else.
fn alone(world: &World<'_>, machine: Leaving<'_>, working: &[&Machine]) -> Option<String> {
    let here = world.begun_on() == Some(machine.name);
    working.is_empty().then(|| match here {
        true => {
            format!("{0} alone has the cluster: name it again until another control plane has joined", machine.name)
        }
        false => "no control plane that stays tells of the cluster".to_owned(),
    })
}

/// A healthy master stays until every other one that the spec names is there: the cluster grows before it shrinks.
fn successor(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    let healthy = etcd(world, machine.name.as_str()).is_some_and(|e| e.healthy);
    let missing = world.spec.machines_with(Role::ControlPlane).find(|m| !world.is_converged(&m.name, Component::Node));
    missing.filter(|_| healthy).map(|m| format!("needs node on {}", m.name))
}

fn unsafe_for_etcd(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    let changing = world.membership_changes().map(|what| format!("masters change one at a time: {what}"));
    changing.or_else(|| too_few(world, machine))
}

/// Why no etcd member may be removed now: those that stay must keep a quorum after it.
fn too_few(world: &World<'_>, machine: Leaving<'_>) -> Option<String> {
    let stay = members(world, machine);
    let healthy = stay.iter().filter(|name| etcd(world, name).is_some_and(|e| e.healthy)).count();
    let needed = quorum(stay.len());
    (healthy < needed)
        .then(|| format!("{healthy} of the {} control planes that stay are healthy, a quorum is {needed}", stay.len()))
}

/// Who votes after it: the members that a healthy one tells of, others that are on their way out included; where none
/// tells, the control planes of the spec.
fn members(world: &World<'_>, machine: Leaving<'_>) -> Vec<String> {
    let told = world.spec.control_planes().into_iter().filter_map(|m| etcd(world, m.name.as_str()));
    let told = told.filter(|e| e.healthy).map(|e| &e.members).find(|members| !members.is_empty());
    let voters = told.map(|members| members.iter().filter(|(_, m)| !m.learner).map(|(name, _)| name.clone()));
    let all: Vec<String> = match voters {
        Some(voters) => voters.collect(),
        None => world.spec.control_planes().iter().map(|m| m.name.to_string()).collect(),
    };
    all.into_iter().filter(|name| name != machine.name.as_str()).collect()
}

/// Its address as a member of etcd: as the members tell it, else as it became one. An agent tells of all the addresses of its
/// machine, those of the pod network too, and not of which is which.
fn peer(world: &World<'_>, machine: Leaving<'_>) -> Option<IpAddr> {
    let told = world.spec.control_planes().into_iter().filter_map(|m| etcd(world, m.name.as_str()));
    let told = told.filter_map(|e| Some(e.members.get(machine.name.as_str())?.peer_url.clone())).next();
    let told = told.and_then(|url| url.strip_prefix("https://")?.parse::<SocketAddr>().ok()).map(|peer| peer.ip());
    told.or_else(|| leaving::joined_at(world, machine)).or_else(|| machine.addresses().next())
}

/// etcd as a machine's agent sees it now: the last word of a silent one says nothing about today.
fn etcd<'w>(world: &'w World<'_>, name: &str) -> Option<&'w EtcdReport> {
    let name = crate::id::MachineName::new(name).ok()?;
    let seen = world.seen(&name).filter(|seen| seen.connected)?;
    seen.report.kubernetes.as_ref()?.etcd.as_ref()
}
