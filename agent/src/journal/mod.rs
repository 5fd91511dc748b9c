//! The journal of steps: BEGIN before anything is done, END with the result, each safely on disk before the next thing happens.
//!
//! After a crash it tells which steps may have happened, and it answers a repeated order with the stored result. Knows
//! nothing of how a step is carried out.

mod history;
mod record;

#[cfg(test)]
mod tests;

pub use record::{Begun, Ended, Outcome};

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ha_domain::id::Digest;
use ha_domain::step::{Action, StepId};

use crate::host::{Host, HostError, NewFile};
use history::{History, KEPT};
use record::{Record, encode, recover};

/// What must be free on the journal's disk before a step begins, in bytes.
const NEEDED: u64 = 200_000_000;
/// Records beyond which the file is written anew.
const MOST: usize = 3 * KEPT;

/// Why the journal could not be used. Without it nothing may be done on the machine.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The machine refused.
    #[error("journal: {0}")]
    Host(#[from] HostError),
    /// A record was changed or lost that was safely written.
    #[error(
        "the journal {} is damaged at record {record}: {reason}. What happened on this machine is not known; check the disk, \
         look at the machine, then move the file away", path.display()
    )]
    Damaged {
        /// Where it is.
        path: PathBuf,
        /// Which record, from 1.
        record: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The disk is nearly full.
    #[error("only {} MB are free for the journal, {} MB are needed to begin a step; free some space", free / 1_000_000, NEEDED / 1_000_000)]
    NoSpace {
        /// Bytes.
        free: u64,
    },
    /// The step has a result already: ask for it.
    #[error("step {0} has ended already")]
    AlreadyEnded(StepId),
    /// A result for a step that is not in progress.
    #[error("step {0} was never begun here")]
    NeverBegun(StepId),
    /// The record cannot be written as JSON.
    #[error("the record of step {0} cannot be written")]
    Unwritable(StepId),
}

/// The journal of this machine; cloning shares it.
#[derive(Debug, Clone)]
pub struct Journal(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    history: Mutex<History>,
    file: tokio::sync::Mutex<OnDisk>,
}

/// What is known of the file.
#[derive(Debug)]
struct OnDisk {
    records: usize,
    /// An append did not succeed: what is at the end is not known.
    broken: bool,
}

impl Journal {
    /// Reads the journal at `path`, an empty one when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is damaged.
    pub async fn open(host: &dyn Host, path: &Path) -> Result<Self, JournalError> {
        let bytes = host.read(path).await?.unwrap_or_default();
        let damaged =
            |d: record::Damage| JournalError::Damaged { path: path.to_owned(), record: d.record, reason: d.reason };
        let recovered = recover(&bytes).map_err(damaged)?;
        let file = OnDisk { records: recovered.records.len(), broken: recovered.torn };
        let history = Mutex::new(History::of(recovered.records));
        Ok(Self(Arc::new(Inner { path: path.to_owned(), history, file: tokio::sync::Mutex::new(file) })))
    }

    /// Notes that a step begins. Afterwards "it may have happened" is the truth. A step that is unfinished already goes on
    /// under its first BEGIN.
    ///
    /// # Errors
    /// When it has ended already, or when it cannot be written: then it must not begin.
    pub async fn begin(&self, host: &dyn Host, step: &StepId, action: &Action) -> Result<(), JournalError> {
        let mut file = self.0.file.lock().await;
        if self.result(step).is_some() {
            return Err(JournalError::AlreadyEnded(step.clone()));
        }
        if self.history().is_unfinished(step) {
            return Ok(());
        }
        let free = host.free_space(&self.0.path).await?;
        if free < NEEDED {
            return Err(JournalError::NoSpace { free });
        }
        let unwritable = |_| JournalError::Unwritable(step.clone());
        let action_json = serde_json::to_value(action).map_err(unwritable)?;
        let (digest, at) = (action.digest(), host.now());
        let begun = Begun { step: step.clone(), digest, action: action_json, at };
        self.add(host, &mut file, step, Record::Begin(begun)).await
    }

    /// Notes how a step ended. The same result twice is fine.
    ///
    /// # Errors
    /// When it was never begun, or when it cannot be written: then it must not be reported yet.
    pub async fn end(&self, host: &dyn Host, step: &StepId, outcome: Outcome) -> Result<(), JournalError> {
        let mut file = self.0.file.lock().await;
        if self.history().result(step) == Some(&outcome) {
            return Ok(());
        }
        if self.result(step).is_some() {
            return Err(JournalError::AlreadyEnded(step.clone()));
        }
        if !self.history().is_unfinished(step) {
            return Err(JournalError::NeverBegun(step.clone()));
        }
        let ended = Ended { step: step.clone(), outcome, at: host.now() };
        self.add(host, &mut file, step, Record::End(ended)).await
    }

    /// Steps that were begun and have no end, in the order in which they were begun.
    pub fn unfinished(&self) -> Vec<Begun> {
        self.history().unfinished()
    }

    /// How a step ended, if that is among the last that are kept.
    pub fn result(&self, step: &StepId) -> Option<Outcome> {
        self.history().result(step).cloned()
    }

    /// Digest and step of what is unfinished, for the report.
    pub fn unfinished_ids(&self) -> Vec<(StepId, Digest)> {
        self.unfinished().into_iter().map(|b| (b.step, b.digest)).collect()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.0.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// On disk first, then in memory.
    async fn add(&self, host: &dyn Host, file: &mut OnDisk, step: &StepId, record: Record) -> Result<(), JournalError> {
        if file.broken || file.records >= MOST {
            self.rewrite(host, file).await?;
        }
        let line = encode(&record).ok_or_else(|| JournalError::Unwritable(step.clone()))?;
        // Until it is known to be complete, the end of the file is not known.
        file.broken = true;
        host.append(&self.0.path, &line).await?;
        file.broken = false;
        file.records += 1;
        self.history().take(record);
        Ok(())
    }

    /// The same history in the fewest records, put in place at once.
    async fn rewrite(&self, host: &dyn Host, file: &mut OnDisk) -> Result<(), JournalError> {
        let records = self.history().records();
        let content: Vec<u8> = records.iter().filter_map(encode).flatten().collect();
        host.write(NewFile { path: &self.0.path, content: &content, mode: 0o600 }).await?;
        *file = OnDisk { records: records.len(), broken: false };
        Ok(())
    }
}
