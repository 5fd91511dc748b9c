//! Between the operating system's clock and `ha_domain`'s milliseconds. The only place in this crate that does so.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ha_domain::id::Time;

/// `at` in milliseconds since 1970; 0 for anything earlier.
pub fn time_at(at: SystemTime) -> Time {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// How long from now until `later`; zero when it has passed.
pub(crate) fn until(later: Time) -> Duration {
    Duration::from_millis(later.ms_since(time_at(SystemTime::now())))
}
