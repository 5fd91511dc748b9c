//! Incidents with their time lines, on the coordinators' clock.

use serde::{Deserialize, Serialize};

use crate::id::Time;
use crate::state::{Event, EventKind, Incident, State};

/// Milliseconds after the end that still belong to it: what was under way comes to its end.
const TAIL_MS: u64 = 60_000;

/// An incident and what happened in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IncidentView {
    /// The incident.
    #[serde(flatten)]
    pub incident: Incident,
    /// What happened, oldest first: transitions, decisions, steps, changes of what is wanted.
    pub events: Vec<Event>,
    /// The leader's clock.
    pub now: Time,
}

/// All that are kept, newest first.
pub fn incidents(state: &State, now: Time) -> Vec<IncidentView> {
    state.healing.incidents.iter().rev().map(|incident| view(state, incident, now)).collect()
}

fn view(state: &State, incident: &Incident, now: Time) -> IncidentView {
    let until = incident.ended.map(|at| at.plus_ms(TAIL_MS));
    let within = |e: &&Event| e.seq > incident.after && until.is_none_or(|until| e.at <= until);
    let events = state.events.iter().filter(within).filter(|e| belongs(e.kind)).cloned().collect();
    IncidentView { incident: incident.clone(), events, now }
}

/// Tokens, people and secrets have nothing to do with it.
fn belongs(kind: EventKind) -> bool {
    match kind {
        EventKind::Spec
        | EventKind::Machine
        | EventKind::Coordinator
        | EventKind::Step
        | EventKind::Heal
        | EventKind::Alarm => true,
        EventKind::Mesh | EventKind::Token | EventKind::Secret | EventKind::User => false,
    }
}
