//! Whom to ask about a silent machine, and for which of its ports.

use std::net::IpAddr;

use super::{Condition, FRESH_MS, judge};
use crate::id::{MachineId, MachineName, Time};
use crate::plan::{Input, Seen};
use crate::spec::{Machine, Role, Spec};
use crate::state::Place;

/// How many are asked about one machine: more than one, so that a cut between two machines does not look like a death.
const PEERS: usize = 3;
/// The port that is let in everywhere: a machine that is on answers or refuses there.
const SSH: u16 = 22;

/// A question to a peer of a silent machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// The agent that is asked.
    pub peer: MachineId,
    /// Its name.
    pub peer_name: MachineName,
    /// The silent machine.
    pub about: MachineId,
    /// Where it should be.
    pub address: IpAddr,
    /// Ports to try; any answer or refusal will do.
    pub ports: Vec<u16>,
}

/// What to ask now about machines that are silent, for an observer who listens since `since`.
pub fn questions(input: &Input<'_>, since: Time) -> Vec<Question> {
    let Some(spec) = input.state.spec.as_ref().map(|r| &r.spec) else { return Vec::new() };
    let silent = placed(input, spec).filter(|(id, _)| condition(input, id, since) != Condition::Healthy);
    silent.flat_map(|(id, machine)| about(input, spec, (id, machine), since)).collect()
}

fn about(input: &Input<'_>, spec: &Spec, (about, machine): (&MachineId, &Machine), since: Time) -> Vec<Question> {
    let able = placed(input, spec).filter(|(id, _)| *id != about && condition(input, id, since) == Condition::Healthy);
    let mut able: Vec<_> = able.filter(|(id, _)| seen(input, id).is_some_and(|s| s.connected)).collect();
    // Others than those of its own role first: they stand elsewhere, and fewer faults are shared with them.
    able.sort_by_key(|(_, peer)| peer.role == machine.role);
    let due = |name: &MachineName| {
        let last = seen(input, about).and_then(|s| s.sightings.get(name));
        last.is_none_or(|s| input.now.ms_since(s.at) > FRESH_MS / 3)
    };
    let ask = |(peer, m): (&MachineId, &Machine)| Question {
        peer: peer.clone(),
        peer_name: m.name.clone(),
        about: about.clone(),
        address: machine.address,
        ports: ports(spec, machine.role),
    };
    able.into_iter().take(PEERS).filter(|(_, m)| due(&m.name)).map(ask).collect()
}

fn placed<'a>(input: &Input<'a>, spec: &'a Spec) -> impl Iterator<Item = (&'a MachineId, &'a Machine)> {
    input.state.machines.iter().filter_map(|(id, record)| match &record.place {
        Place::Assigned { name, .. } => Some((id, spec.machine(name.as_str())?)),
        Place::Unknown | Place::Bound { .. } | Place::Ambiguous { .. } | Place::Leaving { .. } | Place::Gone => None,
    })
}

fn seen<'a>(input: &Input<'a>, id: &MachineId) -> Option<&'a Seen> {
    input.observed.get(id)
}

fn condition(input: &Input<'_>, id: &MachineId, since: Time) -> Condition {
    judge(seen(input, id), since, input.now).condition
}

fn ports(spec: &Spec, role: Role) -> Vec<u16> {
    let own = match role {
        Role::ControlPlane => Some(6443),
        Role::Worker => Some(10250),
        Role::LoadBalancer => Some(443),
        Role::Database => Some(spec.database.kind.port()),
        Role::Storage => Some(2049),
        Role::Spare => None,
    };
    std::iter::once(SSH).chain(own).collect()
}
