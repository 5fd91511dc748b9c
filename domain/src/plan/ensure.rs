//! Turns wishes into steps: looks whether they are done, under way, or must wait, and proposes the rest.

use super::report::{ConcernReport, Outcome};
use super::wish::{Done, Need, Wish};
use super::world::World;
use crate::id::{Digest, MachineName};
use crate::report::ComponentState;
use crate::state::StepRecord;
use crate::step::{Action, Component, Status, Step, StepId};

/// The pause after the first failure, in milliseconds; it doubles with each further one.
const FIRST_PAUSE_MS: u64 = 2_000;
/// The longest pause, in milliseconds.
const LONGEST_PAUSE_MS: u64 = 60_000;

/// Where one wish stands.
enum Standing {
    Done,
    Running,
    Proposed(Box<Step>),
    Waiting(String),
    /// It waits for an agent that may never come back; nobody else waits for it.
    Spared(String),
}

/// Evaluates the wishes of one concern; proposed steps go to `steps`.
pub(super) fn all(world: &mut World<'_>, name: &str, wishes: Vec<Wish>, steps: &mut Vec<Step>) -> ConcernReport {
    let mut report = ConcernReport {
        name: name.to_owned(),
        done: 0,
        all: 0,
        outcome: Outcome::Done,
        waiting: vec![],
        about: vec![],
    };
    let (mut moving, mut blocked) = (false, None);
    for wish in &wishes {
        report.all += 1;
        match one(world, wish, steps) {
            Standing::Done => report.done += 1,
            Standing::Running => moving = true,
            Standing::Proposed(step) => {
                moving = true;
                world.note_proposed(&step);
                steps.push(*step);
            }
            Standing::Waiting(why) => {
                blocked.get_or_insert_with(|| why.clone());
                tell(&mut report, wish, why);
            }
            Standing::Spared(why) => tell(&mut report, wish, why),
        }
    }
    report.outcome = match (moving, blocked) {
        (true, _) => Outcome::Proposed,
        (false, Some(why)) => Outcome::Waiting { why },
        (false, None) => Outcome::Done,
    };
    report
}

fn tell(report: &mut ConcernReport, wish: &Wish, why: String) {
    report.waiting.push(why);
    report.about.push((wish.on.clone(), wish.action.as_ref().ok().map(Action::component)));
}

fn one(world: &mut World<'_>, wish: &Wish, proposed: &[Step]) -> Standing {
    let action = match &wish.action {
        Ok(action) => action,
        Err(why) => return Standing::Waiting(format!("{}: {why}", names(&wish.on))),
    };
    let (component, digest) = (action.component(), action.digest());
    let shown_by = wish.on.iter().find(|name| is_done(world, name, component, (&digest, wish.done)));
    let done = shown_by.is_some();
    for name in &wish.on {
        world.settle(name, action, done);
    }
    if done {
        return Standing::Done;
    }
    if wish.on.iter().any(|name| in_flight(world, name, component, proposed)) {
        return Standing::Running;
    }
    if let Some(why) = wish.needs.iter().find_map(|need| unmet(world, need)) {
        return Standing::Waiting(format!("{}: {why}", names(&wish.on)));
    }
    let Some(name) = wish.on.iter().find(|name| world.connected(name)) else {
        return match &wish.spared {
            Some(why) => Standing::Spared(format!("{}: {why}", names(&wish.on))),
            None => Standing::Waiting(absent(world, &wish.on)),
        };
    };
    if world.waits_for_its_turn(name) && action.component() != Component::Preflight {
        return Standing::Waiting(format!("{name}: waits for its turn to be prepared (artifacts.parallel)"));
    }
    propose(world, name, action)
}

fn names(on: &[MachineName]) -> String {
    on.iter().map(MachineName::as_str).collect::<Vec<_>>().join(" or ")
}

fn absent(world: &World<'_>, on: &[MachineName]) -> String {
    let joined = on.iter().any(|name| world.id(name).is_some());
    let name = names(on);
    if on.is_empty() {
        "no machine can do it yet".to_owned()
    } else if joined {
        format!("{name}: its agent is silent")
    } else {
        format!(
            "{name}: has not joined: run `ha-agent join` there (`hactl token create --name {name}` makes a join string)"
        )
    }
}

fn is_done(world: &World<'_>, name: &MachineName, component: Component, (digest, done): (&Digest, Done)) -> bool {
    match done {
        Done::AsWanted => world.report(name).is_some_and(|r| r.converged(component, digest)),
        Done::Once => world.is_converged(name, component),
        Done::ByConcern => false,
    }
}

fn in_flight(world: &World<'_>, name: &MachineName, component: Component, proposed: &[Step]) -> bool {
    let is = |step: &Step| step.name == *name && step.component() == component;
    proposed.iter().any(is) || world.state.journal.values().any(|r| r.status.in_flight() && is(&r.step))
}

fn unmet(world: &World<'_>, need: &Need) -> Option<String> {
    match need {
        Need::Settled(name, component) => {
            (!world.is_settled(name, *component)).then(|| format!("needs {component} on {name}"))
        }
        Need::AnySettled(any, component) => {
            let met = any.iter().any(|name| world.is_settled(name, *component));
            (!met).then(|| format!("needs {component} on {}", names(any)))
        }
        Need::Never(why) => Some(why.clone()),
    }
}

fn propose(world: &World<'_>, name: &MachineName, action: &Action) -> Standing {
    let Some(machine) = world.id(name) else { return Standing::Waiting(absent(world, std::slice::from_ref(name))) };
    let digest = action.digest();
    let tries = tries(world, name, action.component());
    if let Some(why) = pause(world, name, &tries) {
        return Standing::Waiting(why);
    }
    let attempt = tries.last().map_or(0, |r| r.step.attempt) + 1;
    Standing::Proposed(Box::new(Step {
        id: StepId::derive(name, action.component(), &digest, attempt),
        machine: machine.clone(),
        name: name.clone(),
        action: action.clone(),
        attempt,
        deadline_ms: action.deadline_ms(),
        why: why(world, name, action.component()),
    }))
}

/// Earlier steps for this component of this machine, oldest first.
fn tries<'w>(world: &'w World<'_>, name: &MachineName, component: Component) -> Vec<&'w StepRecord> {
    let mut tries: Vec<_> =
        world.state.journal.values().filter(|r| r.step.name == *name && r.step.component() == component).collect();
    tries.sort_by_key(|r| r.step.attempt);
    tries
}

/// After a failure: how long to wait still, and for what it failed.
fn pause(world: &World<'_>, name: &MachineName, tries: &[&StepRecord]) -> Option<String> {
    let failed = |r: &&&StepRecord| matches!(r.status, Status::Failed { .. } | Status::Expired { .. });
    let failures = tries.iter().rev().take_while(failed).count();
    let last = tries.last().filter(|_| failures > 0)?;
    let doublings = u32::try_from(failures - 1).unwrap_or(u32::MAX).min(8);
    let pause = (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS);
    let waited = world.now.ms_since(last.status.at());
    let what = match &last.status {
        Status::Failed { error, .. } => error.clone(),
        _ => "no word from the agent by its deadline".to_owned(),
    };
    (waited < pause).then(|| {
        format!(
            "{name}: {} failed {failures} times, next try in {} s: {what}",
            last.step.component(),
            (pause - waited).div_ceil(1000)
        )
    })
}

fn why(world: &World<'_>, name: &MachineName, component: Component) -> String {
    match world.report(name).and_then(|r| r.components.get(&component)).map(|c| &c.state) {
        None => format!("{component} is not there yet"),
        Some(ComponentState::Drifted { what }) => format!("{component} drifted: {what}"),
        Some(ComponentState::Converged) => format!("what is wanted of {component} changed"),
        Some(ComponentState::Unknown { why }) => format!("{component} is unknown: {why}"),
    }
}
