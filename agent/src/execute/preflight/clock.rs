//! How far the machine's clock is from the leader's. Never refuses: chrony sets it, before certificates are made here.

use ha_domain::step::{CLOCK_FACT, Preflight};

use super::{Finding, Measured};
use crate::execute::distro;

/// `ahead`: milliseconds, negative when the clock is behind; `None` where no leader told its time.
pub(super) fn check(a: &Preflight, ahead: Option<i64>) -> (Vec<Finding>, Measured) {
    let Some(ahead) = ahead else { return (Vec::new(), Measured::new()) };
    let measured = distro::facts([(CLOCK_FACT, ahead.unsigned_abs().to_string())]);
    if ahead.unsigned_abs() <= a.max_clock_difference_ms {
        return (Vec::new(), measured);
    }
    let seconds = ahead.unsigned_abs().div_ceil(1000);
    let where_to = if ahead > 0 { "ahead of" } else { "behind" };
    let text = format!("the clock is {seconds} s {where_to} the coordinators': it is set before anything else");
    (vec![Finding::warning("clock", text)], measured)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_an_hour_off_is_told_in_words_and_as_a_fact() {
        let (findings, measured) = check(&super::super::tests::asked(), Some(-3_600_000));
        assert_eq!(findings[0].text, "the clock is 3600 s behind the coordinators': it is set before anything else");
        assert!(!findings[0].refuses);
        assert_eq!(measured[CLOCK_FACT], "3600000");
    }

    #[test]
    fn a_clock_within_the_limit_or_unknown_is_no_finding() {
        assert!(check(&super::super::tests::asked(), Some(500)).0.is_empty());
        assert_eq!(check(&super::super::tests::asked(), None), (Vec::new(), Measured::new()));
    }
}
