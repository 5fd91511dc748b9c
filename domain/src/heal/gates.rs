//! The gates: every act must pass all of them, when it is decided and again when it is carried out.

use serde::{Deserialize, Serialize};

use super::{Act, Fate, group, spare};
use crate::id::{MachineName, Time};
use crate::spec::{Role, Spec, quorum};
use crate::state::State;
use crate::step::{Component, Status};

/// From so many ill machines on a person is asked, however large the site is.
const STORM: usize = 3;
const HOUR_MS: u64 = 3_600_000;

/// One gate and what it said.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gate {
    /// Its name, one word.
    pub name: String,
    /// Whether the act may pass.
    pub open: bool,
    /// The figures it judged by.
    pub text: String,
}

/// Whether all gates are open.
pub fn is_open(gates: &[Gate]) -> bool {
    gates.iter().all(|gate| gate.open)
}

/// Why not, or what it judged by.
type Word = Result<String, String>;

/// Judges `act` at `now` by what is replicated. An empty list means that there is no spec.
pub fn gates(state: &State, now: Time, act: &Act) -> Vec<Gate> {
    let Some(spec) = state.spec.as_ref().map(|r| &r.spec) else { return Vec::new() };
    let judged: [(&str, Word); 10] = [
        ("pause", paused(state)),
        ("maintenance", maintenance(state, now, act.machine())),
        ("evidence", evidence(state, spec, now, act)),
        ("flapping", flapping(state, now, act.machine())),
        ("storm", storm(state, spec)),
        ("quorum", keeps_quorum(state, spec, act)),
        ("turn", turn(state, act)),
        ("spare", fits(state, spec, act)),
        ("budget", budget(state, spec, now)),
        ("cool-down", cool_down(state, spec, now, act)),
    ];
    let gate = |(name, word): (&str, Word)| {
        let open = word.is_ok();
        Gate { name: name.to_owned(), open, text: word.unwrap_or_else(|why| why) }
    };
    judged.into_iter().map(gate).collect()
}

fn paused(state: &State) -> Word {
    match &state.healing.paused {
        None => Ok("healing is not paused".to_owned()),
        Some(pause) => Err(format!("{} paused healing: `hactl heal resume`", pause.by)),
    }
}

fn maintenance(state: &State, now: Time, name: &MachineName) -> Word {
    match state.healing.maintenance.get(name).filter(|until| **until > now) {
        None => Ok(format!("nobody works on {name}")),
        Some(until) => Err(format!("{name} is in maintenance for {} s more", until.ms_since(now).div_ceil(1000))),
    }
}

fn evidence(state: &State, spec: &Spec, now: Time, act: &Act) -> Word {
    let name = act.machine();
    let Some(dead_ms) = group::dead_for(state, name, now) else {
        return Err(format!("{name} is not known to be dead by two observers"));
    };
    let wait = if act.is_destructive() { spec.policy.remove_after.ms() } else { 0 };
    let seconds = dead_ms / 1000;
    if dead_ms >= wait {
        Ok(format!("{name} has been dead for {seconds} s, by two observers or more"))
    } else {
        let left = (wait - dead_ms).div_ceil(1000);
        Err(format!(
            "{name} has been dead for {seconds} s: {left} s are left in which it may return (policy.removeAfter)"
        ))
    }
}

fn flapping(state: &State, now: Time, name: &MachineName) -> Word {
    match group::health(state, name).is_some_and(|h| h.is_flapping(now)) {
        false => Ok(format!("{name} does not come and go")),
        true => Err(format!("{name} comes and goes: look at its power, network and disk before anything else")),
    }
}

fn storm(state: &State, spec: &Spec) -> Word {
    let (ill, all) = (group::ill(state, spec).count(), spec.machines.len());
    let share = u64::from(spec.policy.budgets.storm_percent);
    let many = ill >= STORM || (ill * 100) as u64 >= share * all as u64;
    let figures = format!("{ill} of {all} machines are ill");
    if many {
        Err(format!("{figures}: a common cause is likelier than {ill} deaths; look for it first"))
    } else {
        Ok(figures)
    }
}

/// The control planes that stay must keep a quorum after each half of the act: one less, then one more that is not yet well.
fn keeps_quorum(state: &State, spec: &Spec, act: &Act) -> Word {
    let name = act.machine();
    let role = spec.machine(name.as_str()).map(|m| m.role);
    if role != Some(Role::ControlPlane) || !act.is_destructive() {
        return Ok(format!("{name} has no vote"));
    }
    let others = spec.machines_with(Role::ControlPlane).filter(|m| m.name != *name);
    let (stay, well) = others.fold((0, 0), |(n, w), m| (n + 1, w + usize::from(group::is_well(state, &m.name))));
    let needed = quorum(stay).max(quorum(stay + 1));
    let figures = format!("{well} of the {stay} control planes that stay are well, {needed} are needed");
    if well >= needed { Ok(figures) } else { Err(figures) }
}

/// One at a time: whoever took a place before has to be at work.
fn turn(state: &State, act: &Act) -> Word {
    let done = state.healing.decisions.iter().filter(|d| matches!(d.fate, Fate::Done { .. }) && d.act.is_destructive());
    let waiting = done.filter_map(|d| match &d.act {
        Act::Replace { spare, .. } if !is_at_work(state, spare, d.index) => Some(spare),
        Act::Replace { .. } | Act::Evacuate { .. } => None,
    });
    match waiting.filter(|_| act.is_destructive()).min() {
        None => Ok("no other act is under way".to_owned()),
        Some(spare) => Err(format!("{spare} has not yet taken the place it was given")),
    }
}

/// Whether a machine has become what it was made after the log index `since`; one that is no part of the site any more is
/// not waited for.
fn is_at_work(state: &State, name: &MachineName, since: u64) -> bool {
    let Some(machine) = state.spec.as_ref().and_then(|r| r.spec.machine(name.as_str())) else { return true };
    let last = match machine.role {
        Role::ControlPlane | Role::Worker => Component::Node,
        Role::LoadBalancer => Component::Keepalived,
        Role::Database => Component::Database,
        Role::Storage => Component::NfsServer,
        Role::Spare => return true,
    };
    let own = state.journal.values().filter(|r| r.step.name == *name && r.step.component() == last && r.index > since);
    own.into_iter().any(|r| matches!(r.status, Status::Confirmed { .. }))
}

fn fits(state: &State, spec: &Spec, act: &Act) -> Word {
    let (machine, name) = match act {
        Act::Evacuate { .. } => return Ok("no spare is needed".to_owned()),
        Act::Replace { machine, spare } => (machine, spare),
    };
    let (Some(machine), Some(spare)) = (spec.machine(machine.as_str()), spec.machine(name.as_str())) else {
        return Err(format!("the spec does not name both {machine} and {name}"));
    };
    if spare.role != Role::Spare {
        return Err(format!("{name} is no spare"));
    }
    match spare::unfit(state, spare, machine.role) {
        None => Ok(format!("{name} is a spare, well, and large enough for a {}", machine.role)),
        Some(why) => Err(why),
    }
}

fn budget(state: &State, spec: &Spec, now: Time) -> Word {
    let budgets = &spec.policy.budgets;
    let within = |ms: u64| state.healing.done().filter(|(_, at)| now.ms_since(*at) < ms).count();
    let (hour, day) = (within(HOUR_MS), within(24 * HOUR_MS));
    let figures =
        format!("{hour} of {} acts in the last hour, {day} of {} in the last day", budgets.per_hour, budgets.per_day);
    let spent = hour >= budgets.per_hour as usize || day >= budgets.per_day as usize;
    if spent { Err(figures) } else { Ok(figures) }
}

/// Quiet after an act of the same kind on the same machine: doing it again at once has never helped.
fn cool_down(state: &State, spec: &Spec, now: Time, act: &Act) -> Word {
    let wait = spec.policy.budgets.cool_down.ms();
    let last = state.healing.decisions.iter().filter(|d| d.act.is_like(act)).filter_map(|d| match d.fate {
        Fate::Done { at } | Fate::Vetoed { at, .. } => Some(at),
        Fate::Announced { .. } | Fate::Suggested | Fate::Shadow | Fate::Withdrawn { .. } => None,
    });
    match last.max().filter(|at| now.ms_since(*at) < wait) {
        None => Ok("nothing like it was done or vetoed lately".to_owned()),
        Some(at) => {
            Err(format!("it was done or vetoed {} s ago, {} s are waited", now.ms_since(at) / 1000, wait / 1000))
        }
    }
}
