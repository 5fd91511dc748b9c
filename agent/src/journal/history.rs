//! What the records mean together: which steps are unfinished, how the last ones ended. Pure.
//!
//! Knows nothing of bytes or files.

use std::collections::{BTreeMap, VecDeque};

use ha_domain::step::StepId;

use super::record::{Begun, Ended, Outcome, Record};

/// How many results are kept for being asked again.
pub(super) const KEPT: usize = 1024;

/// All that the journal knows.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct History {
    unfinished: BTreeMap<StepId, Begun>,
    results: BTreeMap<StepId, Ended>,
    /// Oldest end first.
    order: VecDeque<StepId>,
}

impl History {
    pub(super) fn of(records: Vec<Record>) -> Self {
        let mut history = Self::default();
        records.into_iter().for_each(|r| history.take(r));
        history
    }

    pub(super) fn take(&mut self, record: Record) {
        match record {
            Record::Begin(begun) => {
                self.unfinished.insert(begun.step.clone(), begun);
            }
            Record::End(ended) => {
                self.unfinished.remove(&ended.step);
                if self.results.insert(ended.step.clone(), ended.clone()).is_none() {
                    self.order.push_back(ended.step);
                }
                while self.order.len() > KEPT {
                    self.order.pop_front().map(|oldest| self.results.remove(&oldest));
                }
            }
        }
    }

    /// In the order in which they were begun.
    pub(super) fn unfinished(&self) -> Vec<Begun> {
        let mut all: Vec<_> = self.unfinished.values().cloned().collect();
        all.sort_by(|a, b| (a.at, &a.step).cmp(&(b.at, &b.step)));
        all
    }

    pub(super) fn is_unfinished(&self, step: &StepId) -> bool {
        self.unfinished.contains_key(step)
    }

    pub(super) fn result(&self, step: &StepId) -> Option<&Outcome> {
        self.results.get(step).map(|e| &e.outcome)
    }

    /// The fewest records from which the same history comes.
    pub(super) fn records(&self) -> Vec<Record> {
        let ended = self.order.iter().filter_map(|step| self.results.get(step)).cloned().map(Record::End);
        ended.chain(self.unfinished().into_iter().map(Record::Begin)).collect()
    }
}
