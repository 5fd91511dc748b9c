//! What all tasks of an agent share: the host, its records, and what the agent last saw.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ha_domain::id::Time;
use ha_domain::report::Report;
use ha_domain::step::Component;
use tokio::sync::watch;

use crate::config::Config;
use crate::host::Host;
use crate::journal::Journal;
use crate::ledger::Ledger;
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
    /// The state folder.
    pub state: PathBuf,
    report: Mutex<Report>,
    clock_ahead_ms: Mutex<Option<i64>>,
    changed: watch::Sender<u64>,
    busy: Mutex<BTreeMap<Component, u32>>,
}

impl Machine {
    /// Opens the records of this machine.
    pub async fn open(config: &Config, host: Arc<dyn Host>) -> anyhow::Result<Self> {
        let ledger = Ledger::load(&*host, &config.state.join("ledger.json")).await?;
        let journal = Journal::open(&*host, &config.state.join("journal")).await?;
        let wanted = Wanted::load(&*host, &config.state).await?;
        let (changed, _) = watch::channel(0);
        let (report, clock_ahead_ms, busy) = (Mutex::default(), Mutex::default(), Mutex::default());
        Ok(Self { host, ledger, journal, wanted, state: config.state.clone(), report, clock_ahead_ms, changed, busy })
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

    /// A step works on a component: looking at it now would tell of a state in between.
    pub fn occupy(self: &Arc<Self>, component: Component) -> Occupied {
        *self.busy.lock().unwrap_or_else(PoisonError::into_inner).entry(component).or_default() += 1;
        Occupied { machine: Arc::clone(self), component }
    }

    /// Whether a step works on a component.
    pub fn is_occupied(&self, component: Component) -> bool {
        self.busy.lock().unwrap_or_else(PoisonError::into_inner).get(&component).is_some_and(|n| *n > 0)
    }
}

/// Ends when dropped.
pub struct Occupied {
    machine: Arc<Machine>,
    component: Component,
}

impl Drop for Occupied {
    fn drop(&mut self) {
        if let Some(count) = self.machine.busy.lock().unwrap_or_else(PoisonError::into_inner).get_mut(&self.component) {
            *count = count.saturating_sub(1);
        }
    }
}
