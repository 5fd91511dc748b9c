//! How long what should answer has been silent. Pure.
//!
//! Only silence counts: who refuses a connection or answers an error lives, or is gone and its unit or the kubelet knows.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::time::Instant;

/// Looks without an answer before a process counts as hung ...
pub(super) const LOOKS: u32 = 3;
/// ... and how long they must span: a machine that is busy for a moment answers none of a few quick ones.
pub(super) const SPAN: Duration = Duration::from_secs(8);

/// A look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Answer {
    /// Something came back, or nobody listens.
    Some,
    /// Whoever listens said nothing in time.
    None,
}

/// How often each was silent, and since when.
#[derive(Debug, Default)]
pub(super) struct Silences(BTreeMap<&'static str, (u32, Instant)>);

impl Silences {
    /// Notes a look. Gives back since when it hangs, if it does.
    pub(super) fn hear(&mut self, name: &'static str, answer: Answer, now: Instant) -> Option<Duration> {
        match answer {
            Answer::Some => {
                self.0.remove(name);
                None
            }
            Answer::None => {
                let (looks, since) = self.0.entry(name).or_insert((0, now));
                *looks += 1;
                let silent = now.saturating_duration_since(*since);
                (*looks >= LOOKS && silent >= SPAN).then_some(silent)
            }
        }
    }

    /// All of it: what was silent may have been so on purpose.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(answers: &[(u64, Answer)]) -> Vec<bool> {
        let (mut silences, begin) = (Silences::default(), Instant::now());
        let hear =
            |(at, answer): &(u64, Answer)| silences.hear("x", *answer, begin + Duration::from_secs(*at)).is_some();
        answers.iter().map(hear).collect()
    }

    #[test]
    fn who_is_silent_for_long_and_often_hangs_and_not_before() {
        assert_eq!(heard(&[(0, Answer::None), (4, Answer::None), (8, Answer::None)]), [false, false, true]);
        assert_eq!(heard(&[(0, Answer::None), (9, Answer::None)]), [false, false], "two looks are not enough");
        assert_eq!(heard(&[(0, Answer::None), (1, Answer::None), (2, Answer::None)]), [false; 3], "nor is a moment");
    }

    #[test]
    fn one_answer_begins_the_count_anew() {
        let answers = [(0, Answer::None), (4, Answer::None), (8, Answer::Some), (12, Answer::None), (16, Answer::None)];
        assert_eq!(heard(&answers), [false; 5]);
    }
}
