//! How long to wait before trying again: exponential with full jitter, so that a thousand agents do not return at once.
//!
//! Does not wait itself.

use std::time::Duration;

use rand::Rng;

/// Waits that grow: each is random between zero and a ceiling that doubles, up to a cap.
#[derive(Debug, Clone)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    tries: u32,
}

impl Backoff {
    /// The first ceiling is `base`, the last is `cap`.
    pub const fn new(base: Duration, cap: Duration) -> Self {
        Self { base, cap, tries: 0 }
    }

    /// The next wait.
    #[expect(clippy::should_implement_trait, reason = "it is no iterator: it has no end and is reset")]
    pub fn next(&mut self) -> Duration {
        let ceiling = self.ceiling();
        self.tries = self.tries.saturating_add(1);
        ceiling.mul_f64(rand::rng().random_range(0.0..=1.0))
    }

    /// Begins anew, after a success.
    pub fn reset(&mut self) {
        self.tries = 0;
    }

    /// How many waits were taken since the last success.
    pub fn tries(&self) -> u32 {
        self.tries
    }

    fn ceiling(&self) -> Duration {
        let factor = 2_u32.checked_pow(self.tries).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.cap)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: Duration = Duration::from_millis(100);
    const CAP: Duration = Duration::from_secs(5);

    #[test]
    fn the_ceiling_doubles_up_to_the_cap_and_starts_again_after_a_reset() {
        let mut backoff = Backoff::new(BASE, CAP);
        let mut ceilings = Vec::new();
        for _ in 0..8 {
            ceilings.push(backoff.ceiling().as_millis());
            assert!(backoff.next().as_millis() <= *ceilings.last().unwrap());
        }
        assert_eq!(ceilings, [100, 200, 400, 800, 1600, 3200, 5000, 5000]);
        backoff.reset();
        assert_eq!(backoff.ceiling(), BASE);
    }

    #[test]
    fn it_never_overflows() {
        let mut backoff = Backoff::new(BASE, CAP);
        backoff.tries = u32::MAX;
        assert!(backoff.next() <= CAP);
    }

    #[test]
    fn waits_are_spread_over_the_whole_range() {
        let mut waits: Vec<_> = (0..400).map(|_| Backoff::new(CAP, CAP).next()).collect();
        waits.sort();
        assert!(waits[0] < CAP / 10 && waits[399] > CAP * 9 / 10, "{:?} {:?}", waits[0], waits[399]);
    }
}
