//! How machines are, as the coordinators agreed.

use serde::{Deserialize, Serialize};

use crate::health::Condition;
use crate::id::Time;

/// Milliseconds over which falls are counted.
const FALLS_MS: u64 = 600_000;
/// A machine that fell more often than this in that time is flapping.
const FALLS: usize = 3;

/// How a machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HealthRecord {
    /// How it is.
    pub condition: Condition,
    /// Since when.
    pub since: Time,
    /// Why that is thought, a line for each observer.
    pub evidence: Vec<String>,
    /// When it fell from health lately.
    pub falls: Vec<Time>,
}

impl HealthRecord {
    /// Whether it comes and goes too often for anything to be done about it by itself.
    pub fn is_flapping(&self, now: Time) -> bool {
        self.falls.iter().filter(|at| now.ms_since(**at) <= FALLS_MS).count() > FALLS
    }

    /// The record after a change.
    pub(super) fn after(old: Option<&Self>, condition: Condition, (at, evidence): (Time, &[String])) -> Self {
        let was = old.map_or(Condition::Healthy, |o| o.condition);
        let mut falls: Vec<_> = old.into_iter().flat_map(|o| o.falls.iter().copied()).collect();
        falls.retain(|fall| at.ms_since(*fall) <= FALLS_MS);
        if was == Condition::Healthy && condition != Condition::Healthy {
            falls.push(at);
        }
        // Unreachable and dead are one illness: it began with the first.
        let ill_before = was != Condition::Healthy && condition == was;
        let since = old.filter(|_| ill_before).map_or(at, |o| o.since);
        Self { condition, since, evidence: evidence.to_vec(), falls }
    }
}
