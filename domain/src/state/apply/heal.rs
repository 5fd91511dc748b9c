//! Health transitions, and decisions about ill machines: every gate is asked again here.

use super::spec::{New, replace};
use crate::heal::{Act, Decision, Fate, Gate, gates, is_open, outlooks};
use crate::health::Condition;
use crate::id::{MachineId, MachineName, Time};
use crate::spec::{FencingKind, Healing, Policy};
use crate::state::incident::{fell, over};
use crate::state::{Entry, EventKind, HealthRecord, Outcome, Pause, Place, Refusal, Reply, State};

pub(super) fn note_health(
    state: &mut State,
    at: Time,
    id: &MachineId,
    (condition, evidence): (Condition, &[String]),
) -> Outcome {
    let Some(machine) = state.machines.get(id) else { return State::missing("machine", id) };
    let name = machine.spec_name().cloned();
    let record = HealthRecord::after(state.health.get(id), condition, (at, evidence));
    let last_event = state.events.back().map_or(0, |e| e.seq);
    if condition == Condition::Healthy
        && let Some(name) = &name
    {
        state.healing.evacuated.remove(name);
    }
    state.health.insert(id.clone(), record);
    match &name {
        Some(name) if condition != Condition::Healthy => fell(&mut state.healing.incidents, at, name, last_event),
        _ if !anybody_ill(state) => over(&mut state.healing.incidents, at),
        _ => {}
    }
    let (called, kind) = (name.map_or_else(|| id.to_string(), |n| n.to_string()), kind(condition));
    let why = if evidence.is_empty() { String::new() } else { format!(": {}", evidence.join("; ")) };
    state.note(at, "leader", kind, format!("{called} is {}{why}", condition.word().to_lowercase()));
    state.touch()
}

/// Whether a machine of the site is ill; one that is on its way out is not waited for.
fn anybody_ill(state: &State) -> bool {
    let placed = state.machines.iter().filter(|(_, m)| matches!(m.place, Place::Assigned { .. }));
    let mut healths = placed.filter_map(|(id, _)| state.health.get(id));
    healths.any(|h| h.condition != Condition::Healthy)
}

fn kind(condition: Condition) -> EventKind {
    match condition {
        Condition::Dead => EventKind::Alarm,
        Condition::Healthy | Condition::Suspect | Condition::Unreachable => EventKind::Machine,
    }
}

pub(super) fn decide(state: &mut State, (index, at): (u64, Time), act: &Act) -> Outcome {
    let Some(policy) = state.spec.as_ref().map(|r| r.spec.policy.clone()) else {
        return Err(Refusal::Healing { text: "there is no spec yet".to_owned() });
    };
    let gates = passed(state, at, act)?;
    let fate = fate(&policy, at, act)?;
    let outlook = outlooks(state, at).into_iter().find(|o| o.machine == *act.machine());
    let (evidence, rejected) = outlook.map(|o| (o.evidence, o.rejected)).unwrap_or_default();
    let number = state.healing.next + 1;
    state.healing.next = number;
    let text = format!("decision {number}, {}: {act}", fate.word());
    state.healing.push(Decision { number, at, index, act: act.clone(), evidence, gates, rejected, fate });
    state.note(at, "leader", EventKind::Heal, text);
    state.touch()
}

fn passed(state: &State, at: Time, act: &Act) -> Result<Vec<Gate>, Refusal> {
    let gates = gates(state, at, act);
    if is_open(&gates) && !gates.is_empty() {
        return Ok(gates);
    }
    let closed: Vec<_> = gates.into_iter().filter(|g| !g.open).map(|g| g.text).collect();
    Err(Refusal::Healing { text: format!("{act}: {}", closed.join("; ")) })
}

fn fate(policy: &Policy, at: Time, act: &Act) -> Result<Fate, Refusal> {
    let proven = policy.fencing.kind != FencingKind::Manual;
    let window = if act.is_destructive() { policy.veto_window.ms() } else { 0 };
    match policy.healing {
        Healing::Auto if proven => Ok(Fate::Announced { until: at.plus_ms(window) }),
        Healing::Suggest if proven && !act.is_destructive() => Ok(Fate::Announced { until: at }),
        Healing::Auto | Healing::Suggest => Ok(Fate::Suggested),
        Healing::Shadow => Ok(Fate::Shadow),
        Healing::Off => Err(Refusal::Healing { text: "policy.healing is off".to_owned() }),
    }
}

pub(super) fn carry_out(state: &mut State, at: Time, number: u64) -> Outcome {
    let Some(decision) = state.healing.decision(number) else { return State::missing("decision", number) };
    let act = decision.act.clone();
    match decision.fate {
        Fate::Announced { until } if at >= until => {}
        ref other => return not_now(number, other),
    }
    passed(state, at, &act)?;
    match &act {
        Act::Evacuate { machine } => {
            state.healing.evacuated.insert(machine.clone());
        }
        Act::Replace { machine, spare } => give_place(state, at, (machine, spare)),
    }
    end(state, number, Fate::Done { at });
    state.note(at, "leader", EventKind::Heal, format!("decision {number} carried out: {act}"));
    if !anybody_ill(state) {
        over(&mut state.healing.incidents, at);
    }
    state.touch()
}

fn not_now(number: u64, fate: &Fate) -> Outcome {
    Err(Refusal::Healing { text: format!("decision {number} is {}", fate.word()) })
}

fn give_place(state: &mut State, at: Time, (machine, spare): (&MachineName, &MachineName)) {
    let Some(record) = state.spec.clone() else { return };
    let spec = record.spec.replacing(machine, spare);
    let told =
        format!("# {spare} took the place of {machine}, which was dead: applied as it is, this file would undo that");
    let text = format!("{told}.\n{}", record.text);
    replace(state, at, "healing", New { text: &text, spec: &spec, catalog: &record.catalog });
}

fn end(state: &mut State, number: u64, fate: Fate) {
    if let Some(decision) = state.healing.decision_mut(number) {
        decision.fate = fate;
    }
}

pub(super) fn withdraw(state: &mut State, at: Time, number: u64, why: &str) -> Outcome {
    let fate = Fate::Withdrawn { at, why: why.to_owned() };
    settle(state, (at, "leader"), number, (fate, format!("withdrawn: {why}")))
}

pub(super) fn veto(state: &mut State, entry: &Entry, number: u64) -> Outcome {
    let fate = Fate::Vetoed { at: entry.at, by: entry.by.clone() };
    settle(state, (entry.at, &entry.by), number, (fate, "vetoed".to_owned()))
}

pub(super) fn approve(state: &mut State, entry: &Entry, number: u64) -> Outcome {
    let fate = Fate::Announced { until: entry.at };
    settle(state, (entry.at, &entry.by), number, (fate, "approved".to_owned()))
}

/// An open decision gets another fate, and an event says so.
fn settle(state: &mut State, (at, by): (Time, &str), number: u64, (fate, told): (Fate, String)) -> Outcome {
    let Some(decision) = state.healing.decision_mut(number) else { return State::missing("decision", number) };
    if !decision.fate.is_open() {
        return not_now(number, &decision.fate);
    }
    decision.fate = fate;
    state.note(at, by, EventKind::Heal, format!("decision {number} {told}"));
    state.touch()
}

pub(super) fn pause(state: &mut State, entry: &Entry, on: bool) -> Outcome {
    if state.healing.paused.is_some() == on {
        return Ok(Reply::Unchanged);
    }
    state.healing.paused = on.then(|| Pause { by: entry.by.clone(), at: entry.at });
    let text = if on { "healing paused" } else { "healing resumed" };
    state.note(entry.at, &entry.by, EventKind::Heal, text.to_owned());
    state.touch()
}

pub(super) fn maintain(state: &mut State, entry: &Entry, name: &MachineName, until: Option<Time>) -> Outcome {
    let known = state.spec.as_ref().is_some_and(|r| r.spec.machine(name.as_str()).is_some());
    if !known {
        return State::missing("machine", name);
    }
    let text = match until {
        Some(until) => {
            state.healing.maintenance.insert(name.clone(), until);
            format!("{name} is in maintenance for {} min", until.ms_since(entry.at).div_ceil(60_000))
        }
        None if state.healing.maintenance.remove(name).is_none() => return Ok(Reply::Unchanged),
        None => format!("the maintenance of {name} has ended"),
    };
    state.note(entry.at, &entry.by, EventKind::Heal, text);
    state.touch()
}
