//! How often something may be repaired: a few times within a while, in growing pauses. Pure.
//!
//! What does not stay repaired has a cause that trying again does not remove, and every try costs something: connections,
//! a restart, somebody's edit. Knows nothing of what is repaired.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use tokio::time::Instant;

/// Tries within [`WINDOW`] before it is left to the coordinator and a person.
pub(super) const MOST: usize = 5;
/// The span over which tries are counted.
pub(super) const WINDOW: Duration = Duration::from_secs(600);
/// From the begin of one try to the next, by how many there were. The first ones come at once: two faults within a minute
/// are more often two faults than one that does not go away.
const PAUSES: [Duration; MOST] =
    [Duration::ZERO, Duration::from_secs(2), Duration::from_secs(5), Duration::from_secs(20), Duration::from_secs(60)];

/// Whether something may be repaired now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Yes.
    Go,
    /// Not so soon after the last try.
    Pause,
    /// Not before a try falls out of the window.
    Spent,
}

/// When each thing was repaired lately.
#[derive(Debug, Default)]
pub(super) struct Budget(BTreeMap<String, VecDeque<Instant>>);

impl Budget {
    /// Whether `subject` may be repaired at `now`.
    pub(super) fn judge(&self, subject: &str, now: Instant) -> Verdict {
        let tries = self.count(subject, now);
        let last = self.0.get(subject).and_then(VecDeque::back);
        let waited = last.map_or(WINDOW, |last| now.saturating_duration_since(*last));
        match PAUSES.get(tries) {
            None => Verdict::Spent,
            Some(pause) if waited < *pause => Verdict::Pause,
            Some(_) => Verdict::Go,
        }
    }

    /// It is being repaired; what fell out of the window is forgotten.
    pub(super) fn note(&mut self, subject: &str, now: Instant) {
        let tries = self.0.entry(subject.to_owned()).or_default();
        tries.retain(|at| is_recent(*at, now));
        tries.push_back(now);
    }

    /// Tries within the window.
    pub(super) fn count(&self, subject: &str, now: Instant) -> usize {
        self.0.get(subject).map_or(0, |tries| tries.iter().filter(|at| is_recent(**at, now)).count())
    }
}

fn is_recent(at: Instant, now: Instant) -> bool {
    now.saturating_duration_since(at) < WINDOW
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(begin: Instant, seconds: u64) -> Instant {
        begin + Duration::from_secs(seconds)
    }

    #[test]
    fn there_is_no_sixth_try_within_ten_minutes() {
        let (mut budget, begin) = (Budget::default(), Instant::now());
        for n in 0..5 {
            assert_eq!(budget.judge("x", after(begin, n * 100)), Verdict::Go, "try {n}");
            budget.note("x", after(begin, n * 100));
        }
        assert_eq!(budget.judge("x", after(begin, 599)), Verdict::Spent);
        assert_eq!(budget.count("x", after(begin, 599)), 5);
        assert_eq!(budget.judge("x", after(begin, 600)), Verdict::Go, "the first one has fallen out of the window");
        assert_eq!(budget.judge("y", after(begin, 599)), Verdict::Go, "each has a budget of its own");
    }

    #[test]
    fn the_pauses_between_tries_grow() {
        let (mut budget, mut now) = (Budget::default(), Instant::now());
        for pause in PAUSES.iter().skip(1) {
            budget.note("x", now);
            assert_eq!(budget.judge("x", now + *pause - Duration::from_millis(1)), Verdict::Pause);
            now += *pause;
            assert_eq!(budget.judge("x", now), Verdict::Go);
        }
        assert!(PAUSES.is_sorted());
    }
}
