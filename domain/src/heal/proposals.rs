//! What the leader is to propose now. The reducer judges each of it again.

use super::{Act, Decision, Fate, gates, is_open, outlooks};
use crate::health::Condition;
use crate::id::Time;
use crate::spec::Healing;
use crate::state::{Command, State};

/// Commands that are due: decisions to make, to carry out, to withdraw.
pub fn proposals(state: &State, now: Time) -> Vec<Command> {
    let mut due: Vec<_> = state.healing.decisions.iter().filter_map(|d| follow(state, now, d)).collect();
    due.extend(fresh(state, now));
    due
}

fn follow(state: &State, now: Time, decision: &Decision) -> Option<Command> {
    if !decision.fate.is_open() {
        return None;
    }
    let number = decision.number;
    if let Some(why) = obsolete(state, &decision.act) {
        return Some(Command::WithdrawDecision { number, why });
    }
    match decision.fate {
        Fate::Announced { until } if now >= until && is_open(&gates(state, now, &decision.act)) => {
            Some(Command::CarryOut { number })
        }
        _ => None,
    }
}

/// Why nobody needs it any more.
fn obsolete(state: &State, act: &Act) -> Option<String> {
    let name = act.machine();
    let Some(spec) = state.spec.as_ref().map(|r| &r.spec) else { return Some("there is no spec".to_owned()) };
    if spec.machine(name.as_str()).is_none() {
        return Some(format!("the spec does not name {name} any more"));
    }
    let dead = super::group::health(state, name).is_some_and(|h| h.condition == Condition::Dead);
    (!dead).then(|| format!("{name} is not dead any more"))
}

fn fresh(state: &State, now: Time) -> Vec<Command> {
    let Some(policy) = state.spec.as_ref().map(|r| &r.spec.policy) else { return Vec::new() };
    if policy.healing == Healing::Off {
        return Vec::new();
    }
    let able = outlooks(state, now).into_iter().filter(|o| is_open(&o.gates));
    able.filter_map(|o| o.next).filter(|act| !is_known(state, act)).map(|act| Command::Decide { act }).collect()
}

/// Whether the same was decided for this illness already and is open, or was only noted.
fn is_known(state: &State, act: &Act) -> bool {
    let since = super::group::health(state, act.machine()).map_or(Time(0), |h| h.since);
    let mut known = state.healing.decisions.iter().filter(|d| d.act.is_like(act));
    known.any(|d| d.fate.is_open() || (d.fate == Fate::Shadow && d.at >= since))
}
