//! What all tasks of an agent share: the host, its records, and what the agent last saw.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ha_domain::id::{Digest, Time};
use ha_domain::report::Report;
use ha_domain::step::{Action, Component};
use tokio::sync::watch;

use crate::config::Config;
use crate::host::Host;
use crate::journal::Journal;
use crate::ledger::Ledger;
use crate::repair::Repairs;
use crate::wanted::Wanted;

/// What all tasks of an agent share.
pub struct Machine {
    /// The operating system.
    pub host: Arc<dyn Host>,
    /// What the agent made here.
    pub ledger: Ledger,
    /// Steps begun and ended.
    pub journal: Journal,
    /// What each component was brought to.
    pub wanted: Wanted,
    /// What the agent repairs by itself.
    pub(crate) repairs: Repairs,
    /// The state folder.
    pub state: PathBuf,
    report: Mutex<Report>,
    clock_ahead_ms: Mutex<Option<i64>>,
    changed: watch::Sender<u64>,
    work: Mutex<Work>,
    /// How many repairs are being done.
    repairing: watch::Sender<usize>,
}

/// What is being done on this machine.
#[derive(Default)]
struct Work {
    steps: BTreeMap<Component, u32>,
    repairs: Vec<Option<Component>>,
    /// The action that a step last tried on a component, whatever came of it.
    tried: BTreeMap<Component, Digest>,
}

impl Machine {
    /// Opens the records of this machine.
    pub async fn open(config: &Config, host: Arc<dyn Host>) -> anyhow::Result<Self> {
        let ledger = Ledger::load(&*host, &config.state.join("ledger.json")).await?;
        let journal = Journal::open(&*host, &config.state.join("journal")).await?;
        let wanted = Wanted::load(&*host, &config.state).await?;
        let (changed, _) = watch::channel(0);
        let (repairing, _) = watch::channel(0);
        let (report, clock_ahead_ms, work) = (Mutex::default(), Mutex::default(), Mutex::default());
        let (repairs, state) = (Repairs::default(), config.state.clone());
        Ok(Self { host, ledger, journal, wanted, repairs, state, report, clock_ahead_ms, changed, work, repairing })
    }

    /// What the agent last saw.
    pub fn report(&self) -> Report {
        self.lock().clone()
    }

    /// A wake-up whenever that changed.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Changes what was seen; wakes the session only when it differs.
    pub fn see(&self, change: impl FnOnce(&mut Report)) {
        let mut report = self.lock();
        let before = report.clone();
        change(&mut report);
        let differs = *report != before;
        drop(report);
        if differs {
            self.changed.send_modify(|n| *n += 1);
        }
    }

    /// Compares the clock with the leader's, which said `now` a moment ago.
    pub fn hear_clock(&self, now: Time) {
        let own = i64::try_from(self.host.now().0).unwrap_or(i64::MAX);
        let ahead = own.saturating_sub(i64::try_from(now.0).unwrap_or(i64::MAX));
        *self.clock_ahead_ms.lock().unwrap_or_else(PoisonError::into_inner) = Some(ahead);
    }

    /// How far the clock was ahead of the leader's at the last look, in milliseconds.
    pub fn clock_ahead_ms(&self) -> Option<i64> {
        *self.clock_ahead_ms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Report> {
        // Each holder leaves it whole, so a panic elsewhere does no harm.
        self.report.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A step is about to work on a component: looking at it now would tell of a state in between. From here on no repair
    /// begins; one that is being done is waited for, so that the step finds its work done rather than half done.
    pub async fn occupy(self: &Arc<Self>, action: &Action) -> Occupied {
        let component = action.component();
        {
            let mut work = self.work();
            *work.steps.entry(component).or_default() += 1;
            work.tried.insert(component, action.digest());
        }
        let occupied = Occupied { machine: Arc::clone(self), component };
        // It fails when there is nobody left who could begin one.
        drop(self.repairing.subscribe().wait_for(|repairs| *repairs == 0).await);
        occupied
    }

    /// A repair is about to be done, of `component` if it is one; `None` while a step is at work anywhere on this machine, or
    /// the component is being repaired already.
    pub(crate) fn begin_repair(self: &Arc<Self>, component: Option<Component>) -> Option<Repairing> {
        let mut work = self.work();
        let taken = component.is_some() && work.repairs.contains(&component);
        if taken || work.steps.values().any(|n| *n > 0) {
            return None;
        }
        work.repairs.push(component);
        self.repairing.send_replace(work.repairs.len());
        Some(Repairing { machine: Arc::clone(self), component })
    }

    /// Whether a step or a repair works on a component.
    pub fn is_occupied(&self, component: Component) -> bool {
        let work = self.work();
        work.steps.get(&component).is_some_and(|n| *n > 0) || work.repairs.contains(&Some(component))
    }

    /// Whether a step works on anything here: it may have stopped a unit, or changed a file, on purpose.
    pub fn is_at_work(&self) -> bool {
        self.work().steps.values().any(|n| *n > 0)
    }

    /// Whether a component is meant to be as `action` says: nothing else was tried since, nothing was begun and not ended.
    pub(crate) fn is_settled_on(&self, action: &Action) -> bool {
        let (component, digest) = (action.component(), action.digest());
        if let Some(tried) = self.work().tried.get(&component) {
            return *tried == digest;
        }
        // After a start of the agent only its journal knows. What it cannot read may be anything.
        let of_another =
            |a: serde_json::Value| serde_json::from_value::<Action>(a).is_ok_and(|a| a.component() != component);
        self.journal.unfinished().into_iter().all(|b| b.digest == digest || of_another(b.action))
    }

    fn work(&self) -> MutexGuard<'_, Work> {
        self.work.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A step is at work until this is dropped.
pub struct Occupied {
    machine: Arc<Machine>,
    component: Component,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        if let Some(count) = self.machine.work().steps.get_mut(&self.component) {
            *count = count.saturating_sub(1);
        }
    }
}

/// A repair is being done until this is dropped.
pub(crate) struct Repairing {
    machine: Arc<Machine>,
    component: Option<Component>,
}

impl Drop for Repairing {
    fn drop(&mut self) {
        let mut work = self.machine.work();
        if let Some(at) = work.repairs.iter().position(|c| *c == self.component) {
            work.repairs.swap_remove(at);
        }
        self.machine.repairing.send_replace(work.repairs.len());
    }
}
