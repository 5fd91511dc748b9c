//! Machines as an operator sees them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Beside, MachineView, NodeView, RunningStep};
use crate::health::{Condition, SILENT_MS, SUSPECT_MS};
use crate::id::{MachineId, MachineName, Time};
use crate::plan::{Input, Seen};
use crate::report::ComponentState;
use crate::spec::{Machine, Role, Spec};
use crate::state::{MachineRecord, Place};
use crate::step::Status;

/// Where a machine stands. Silence alone says "unreachable", never "dead".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MachineState {
    /// Heard and as wanted.
    Healthy,
    /// Heard; something on it is not (yet) as wanted.
    Building,
    /// Silent for some seconds.
    Suspect,
    /// Silent for longer.
    Unreachable,
    /// Silent, and others do not reach it either.
    Dead,
    /// It comes and goes.
    Flapping,
    /// Somebody works on it.
    Maintenance,
    /// Not heard by this leader yet.
    Unknown,
    /// The spec names it; nothing has enrolled as it.
    NotJoined,
    /// Enrolled; the spec does not name it.
    Unnamed,
    /// Enrolled; it is not clear which machine of the spec it is.
    Ambiguous,
    /// On its way out.
    Leaving,
}

impl MachineState {
    /// One word for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Building => "Building",
            Self::Suspect => "Suspect",
            Self::Unreachable => "Unreachable",
            Self::Dead => "Dead",
            Self::Flapping => "Flapping",
            Self::Maintenance => "Maintenance",
            Self::Unknown => "Unknown",
            Self::NotJoined => "NotJoined",
            Self::Unnamed => "Unnamed",
            Self::Ambiguous => "Ambiguous",
            Self::Leaving => "Leaving",
        }
    }
}

/// Judges a machine by when and what it last said.
pub fn machine_state(seen: Option<&Seen>, now: Time) -> MachineState {
    let Some(seen) = seen.filter(|s| s.heard.0 > 0) else { return MachineState::Unknown };
    let silence = now.ms_since(seen.heard);
    if silence >= SILENT_MS {
        MachineState::Unreachable
    } else if silence >= SUSPECT_MS {
        MachineState::Suspect
    } else if seen.report.components.values().all(|c| c.state == ComponentState::Converged) {
        MachineState::Healthy
    } else {
        MachineState::Building
    }
}

pub(super) fn machines(input: &Input<'_>) -> Vec<MachineView> {
    let named = input.state.spec.iter().flat_map(|r| &r.spec.machines).map(|m| named(input, m));
    let placed = |r: &&MachineRecord| !matches!(r.place, Place::Assigned { .. } | Place::Gone);
    let others = input.state.machines.iter().filter(|(_, r)| placed(r)).map(|(id, r)| unnamed(input, id, r));
    named.chain(others).collect()
}

fn named(input: &Input<'_>, machine: &Machine) -> MachineView {
    let id = input.state.placed(&machine.name).map(|(id, _)| id);
    let seen = id.and_then(|id| input.observed.get(id));
    let heard = if id.is_some() { machine_state(seen, input.now) } else { MachineState::NotJoined };
    let state = id.and_then(|id| agreed(input, id, &machine.name, heard)).unwrap_or(heard);
    MachineView {
        name: machine.name.to_string(),
        role: Some(machine.role),
        state,
        seen_ms: seen.filter(|s| s.heard.0 > 0).map(|s| silence(s, input.now)),
        load: seen.filter(|s| s.connected).map(|s| s.report.load),
        note: id.and_then(|id| why_ill(input, id, state)).unwrap_or_else(|| note(state, seen)),
    }
}

/// What the coordinators agreed on, where that says more than when it was heard.
fn agreed(input: &Input<'_>, id: &MachineId, name: &MachineName, heard: MachineState) -> Option<MachineState> {
    let health = input.state.health.get(id);
    let worked_on = input.state.healing.maintenance.get(name).is_some_and(|until| *until > input.now);
    if worked_on {
        return Some(MachineState::Maintenance);
    }
    let silent = matches!(heard, MachineState::Suspect | MachineState::Unreachable | MachineState::Unknown);
    match health.map(|h| h.condition) {
        Some(Condition::Dead) if silent => Some(MachineState::Dead),
        _ => health.filter(|h| h.is_flapping(input.now)).map(|_| MachineState::Flapping),
    }
}

/// Milliseconds of silence; 0 while it speaks.
fn silence(seen: &Seen, now: Time) -> u64 {
    let silence = now.ms_since(seen.heard);
    if seen.connected && silence < SUSPECT_MS { 0 } else { silence }
}

fn note(state: MachineState, seen: Option<&Seen>) -> String {
    match state {
        MachineState::NotJoined => "has not joined: run `ha-agent join` there".to_owned(),
        MachineState::Suspect | MachineState::Unreachable => "silent".to_owned(),
        MachineState::Unknown => "not heard by this leader yet".to_owned(),
        _ => seen.and_then(drift).unwrap_or_default(),
    }
}

/// The evidence, where there is more than silence.
fn why_ill(input: &Input<'_>, id: &MachineId, state: MachineState) -> Option<String> {
    let health = input.state.health.get(id)?;
    let ill = matches!(state, MachineState::Dead | MachineState::Unreachable);
    (ill && health.condition != Condition::Healthy).then(|| health.evidence.join("; "))
}

fn drift(seen: &Seen) -> Option<String> {
    seen.report.components.iter().find_map(|(component, c)| match &c.state {
        ComponentState::Drifted { what } => Some(format!("{component}: {what}")),
        ComponentState::Unknown { why } => Some(format!("{component} unknown: {why}")),
        ComponentState::Converged => None,
    })
}

fn unnamed(input: &Input<'_>, id: &MachineId, record: &MachineRecord) -> MachineView {
    let seen = input.observed.get(id);
    let (state, role, note) = match &record.place {
        Place::Leaving { role, .. } => (MachineState::Leaving, Some(*role), leaving(seen)),
        Place::Ambiguous { why } => (MachineState::Ambiguous, None, why.clone()),
        Place::Bound { role } => {
            (MachineState::Unnamed, None, format!("{id} is enrolled as {role}; no machine of the spec fits that"))
        }
        Place::Unknown | Place::Assigned { .. } | Place::Gone => {
            (MachineState::Unnamed, None, format!("{id} is enrolled; no machine of the spec has its address"))
        }
    };
    let name = record.spec_name().map_or_else(|| record.facts.hostname.clone(), ToString::to_string);
    let seen_ms = seen.map(|s| if s.connected { 0 } else { input.now.ms_since(s.heard) });
    MachineView { name, role, state, seen_ms, load: seen.map(|s| s.report.load), note }
}

fn leaving(seen: Option<&Seen>) -> String {
    let silent = !seen.is_some_and(|s| s.connected);
    if silent { "is being retired; silent: it is cleaned when it returns" } else { "is being retired" }.to_owned()
}

/// Machines with all that is known of them.
pub fn nodes(input: &Input<'_>) -> Vec<NodeView> {
    let ids: BTreeMap<String, &MachineId> = input
        .state
        .machines
        .iter()
        .map(|(id, r)| (r.spec_name().map_or_else(|| r.facts.hostname.clone(), ToString::to_string), id))
        .collect();
    let view = |machine: MachineView| {
        let id = ids.get(&machine.name).copied();
        let seen = id.and_then(|id| input.observed.get(id));
        let report = seen.map(|s| s.report.clone());
        NodeView { id: id.cloned(), report, machine }
    };
    machines(input).into_iter().map(view).collect()
}

pub(super) fn running(input: &Input<'_>, beside: &Beside) -> Vec<RunningStep> {
    let in_flight = input.state.journal.values().filter(|r| r.status.in_flight());
    let running = in_flight.map(|r| RunningStep {
        id: r.step.id.to_string(),
        machine: r.step.name.clone(),
        component: r.step.component().to_string(),
        ms: r.granted.map_or(0, |at| input.now.ms_since(at)),
        line: match &r.status {
            Status::Adopted { .. } => "offered".to_owned(),
            _ => beside.progress.get(r.step.id.as_str()).cloned().unwrap_or_default(),
        },
    });
    running.collect()
}

/// What the loss of machines would cost, from the spec alone.
pub(super) fn tolerates(spec: &Spec) -> String {
    let points: Vec<_> = Role::ALL.iter().filter_map(|role| single(spec, *role)).collect();
    match points.as_slice() {
        [] => "the loss of any 1 machine".to_owned(),
        [one] => format!("the loss of any 1 machine except {one} (1 single point of failure: `hactl whatif`)"),
        points => format!(
            "the loss of any 1 machine except {} ({} single points of failure: `hactl whatif`)",
            points.join(", "),
            points.len()
        ),
    }
}

fn single(spec: &Spec, role: Role) -> Option<String> {
    let mut machines = spec.machines_with(role);
    let (first, second, third) = (machines.next()?, machines.next(), machines.next());
    let alone = match role {
        // Two control planes tolerate no loss either.
        Role::ControlPlane => third.is_none(),
        Role::Spare => false,
        Role::Worker | Role::LoadBalancer | Role::Database | Role::Storage => second.is_none(),
    };
    alone.then(|| first.name.to_string())
}
