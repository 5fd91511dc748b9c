//! What the agent brings back by itself, without any coordinator: what drifted, fell, hangs or was deleted.
//!
//! It decides nothing new: only what a step has brought about is brought back to just that, on this machine alone. While a
//! step is at work here nothing is repaired, and no step begins within a repair ([`Machine::begin_repair`]). What comes of it
//! is in the report; what the agent cannot or may not repair stays a drift, which the leader plans a step for.

mod budget;
mod drift;
mod hung;
mod manifests;
mod silence;
mod subject;
mod units;

pub(crate) use drift::{Tended, settled, tend};
pub(crate) use subject::Subject;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::report::{Repair, RepairOutcome};
use ha_domain::step::Component;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::execute::ActError;
use crate::machine::Machine;
use crate::observe::repeat;
use budget::{Budget, Verdict};

/// How long a repair may take, since a step may wait for it. What takes longer is a step's work, whose deadline fits it; and
/// what is given up in its middle can be done again, as after any crash.
const LIMIT: Duration = Duration::from_secs(120);
/// How long a repair stays in the report after its last try, in milliseconds.
const SHOWN_MS: u64 = 24 * 3_600_000;

/// What is remembered of repairs. In memory only: an agent that starts anew may try anew.
#[derive(Default)]
pub(crate) struct Repairs(Mutex<State>);

#[derive(Default)]
struct State {
    budget: Budget,
    /// What needs a secret: the action's digest and what differed.
    left: BTreeMap<Component, (Digest, String)>,
    silences: silence::Silences,
    kept: manifests::Kept,
}

impl Repairs {
    fn lock(&self) -> MutexGuard<'_, State> {
        // Each holder leaves it whole.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Starts to repair; ends when the set is dropped. Drift is repaired where it is seen: by those who look at components.
pub(crate) fn start(machine: &Arc<Machine>, tasks: &mut JoinSet<()>) {
    repeat(machine, tasks, Duration::from_secs(3), units::look);
    repeat(machine, tasks, Duration::from_secs(2), hung::look);
    repeat(machine, tasks, Duration::from_secs(3), manifests::look);
}

/// Looks at units once, for the first report.
pub(crate) async fn first(machine: &Arc<Machine>) {
    units::look(Arc::clone(machine)).await;
}

/// What became of an attempt.
pub(crate) enum Attempt<T> {
    /// Nothing was done: a step is at work, it is too soon, or the budget is spent.
    NotNow,
    /// It was tried.
    Tried(Result<T, ActError>),
}

/// Repairs `subject` by `act`, within its budget and while no step is at work; what becomes of it is shown in the report.
pub(crate) async fn attempt<T>(
    machine: &Arc<Machine>,
    subject: &Subject,
    what: &str,
    act: impl Future<Output = Result<T, ActError>>,
) -> Attempt<T> {
    let name = subject.to_string();
    let verdict = machine.repairs.lock().budget.judge(&name, Instant::now());
    match verdict {
        Verdict::Go => {}
        Verdict::Pause => return Attempt::NotNow,
        Verdict::Spent => {
            refresh(machine);
            return Attempt::NotNow;
        }
    }
    let Some(repairing) = machine.begin_repair(subject.component()) else { return Attempt::NotNow };
    machine.repairs.lock().budget.note(&name, Instant::now());
    tracing::warn!(subject = %name, what, "repairing");
    note(machine, &name, what, RepairOutcome::Running);
    let outcome = tokio::time::timeout(LIMIT, act).await.unwrap_or_else(|_| Err(too_long()));
    drop(repairing);
    match &outcome {
        Ok(_) => note(machine, &name, what, RepairOutcome::Healed),
        Err(ActError::MissingCredential(kind)) => {
            let why = format!("it needs {kind:?}, which only a coordinator has");
            note(machine, &name, what, RepairOutcome::Left { why });
        }
        Err(error) => {
            tracing::warn!(subject = %name, %error, "could not be repaired");
            note(machine, &name, what, RepairOutcome::Failed { why: error.to_string() });
        }
    }
    Attempt::Tried(outcome)
}

fn too_long() -> ActError {
    ActError::Refused(format!("it was not done after {} s", LIMIT.as_secs()))
}

/// Says why something is not repaired that differs.
fn leave(machine: &Machine, subject: &Subject, what: &str, why: &str) {
    note(machine, &subject.to_string(), what, RepairOutcome::Left { why: why.to_owned() });
}

/// What was left alone is as it should be, or became what is wanted.
fn forget_left(machine: &Machine, subject: &Subject) {
    machine.see(|report| {
        let name = subject.to_string();
        if report.repairs.get(&name).is_some_and(|r| matches!(r.outcome, RepairOutcome::Left { .. })) {
            report.repairs.remove(&name);
        }
    });
}

fn note(machine: &Machine, name: &str, what: &str, outcome: RepairOutcome) {
    let (count, spent) = used(machine, name);
    let now = machine.host.now();
    machine.see(|report| {
        let goes_on = |old: &&Repair| match outcome {
            RepairOutcome::Running => false,
            RepairOutcome::Healed | RepairOutcome::Failed { .. } => true,
            RepairOutcome::Left { .. } => old.what == what && old.outcome == outcome,
        };
        let last = report.repairs.get(name).filter(goes_on).map_or(now, |old| old.last);
        report.repairs.insert(name.to_owned(), Repair { count, last, what: what.to_owned(), outcome, spent });
    });
}

/// Counts go down as time goes by; what is long over is not shown any more.
fn refresh(machine: &Machine) {
    let now = machine.host.now();
    let names: Vec<String> = machine.report().repairs.into_keys().collect();
    let used: BTreeMap<String, (u32, bool)> = names.into_iter().map(|n| (n.clone(), used(machine, &n))).collect();
    machine.see(|report| {
        report.repairs.retain(|_, r| r.count > 0 || now.ms_since(r.last) < SHOWN_MS);
        for (name, repair) in &mut report.repairs {
            (repair.count, repair.spent) = used.get(name).copied().unwrap_or_default();
        }
    });
}

/// Tries within the window, and whether there is none left.
fn used(machine: &Machine, name: &str) -> (u32, bool) {
    let (repairs, now) = (machine.repairs.lock(), Instant::now());
    let count = u32::try_from(repairs.budget.count(name, now)).unwrap_or(u32::MAX);
    (count, repairs.budget.judge(name, now) == Verdict::Spent)
}
