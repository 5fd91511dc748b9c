//! What comes next for each ill machine, and what it waits for.

use serde::{Deserialize, Serialize};

use super::{Act, Gate, Rung, gates, group, is_open, ladder};
use crate::health::Condition;
use crate::id::{MachineName, Time};
use crate::spec::Machine;
use crate::state::State;

/// What comes next for an ill machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outlook {
    /// The machine.
    pub machine: MachineName,
    /// How it is.
    pub condition: Condition,
    /// Since when.
    pub since: Time,
    /// Why that is thought.
    pub evidence: Vec<String>,
    /// The act that comes next, if any can be done.
    pub next: Option<Act>,
    /// Its gates.
    pub gates: Vec<Gate>,
    /// In a sentence: what comes next, or what a person has to do.
    pub text: String,
    /// What else could be done, and why it is not.
    pub rejected: Vec<String>,
}

/// One for each ill machine, in the spec's order.
pub fn outlooks(state: &State, now: Time) -> Vec<Outlook> {
    let Some(spec) = state.spec.as_ref().map(|r| &r.spec) else { return Vec::new() };
    group::ill(state, spec).filter_map(|machine| outlook(state, now, machine)).collect()
}

fn outlook(state: &State, now: Time, machine: &Machine) -> Option<Outlook> {
    let (spec, health) = (&state.spec.as_ref()?.spec, group::health(state, &machine.name)?);
    let mut outlook = Outlook {
        machine: machine.name.clone(),
        condition: health.condition,
        since: health.since,
        evidence: health.evidence.clone(),
        next: None,
        gates: Vec::new(),
        text: "nothing: that it is silent says nothing of the machine".to_owned(),
        rejected: Vec::new(),
    };
    if health.condition == Condition::Dead {
        let rungs = ladder(state, spec, machine);
        outlook.rejected = rungs.iter().skip(1).map(later).collect();
        match rungs.into_iter().next()? {
            Rung::Act(act) => {
                let gates = gates(state, now, &act);
                take(&mut outlook, act, gates);
            }
            Rung::Person(why) => outlook.text = format!("a person is needed: {why}"),
        }
    }
    Some(outlook)
}

fn take(outlook: &mut Outlook, act: Act, gates: Vec<Gate>) {
    outlook.gates = gates;
    let closed: Vec<_> = outlook.gates.iter().filter(|g| !g.open).map(|g| g.text.as_str()).collect();
    outlook.text =
        if is_open(&outlook.gates) { act.to_string() } else { format!("{act}, but not yet: {}", closed.join("; ")) };
    outlook.next = Some(act);
}

fn later(rung: &Rung) -> String {
    match rung {
        Rung::Act(act) => format!("{act}: comes after the milder one"),
        Rung::Person(why) => why.clone(),
    }
}
