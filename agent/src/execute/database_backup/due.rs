//! When a daily backup is due. Pure.

use ha_domain::id::Time;

use crate::execute::ActError;

const MINUTE_MS: i128 = 60_000;
const DAY_MS: i128 = 24 * 60 * MINUTE_MS;

/// `02:30` is minute 150.
pub(super) fn minute_of_day(at: &str) -> Result<u32, ActError> {
    let number = |text: &str, limit: u32| text.parse::<u32>().ok().filter(|n| text.len() == 2 && *n < limit);
    let parsed = at.split_once(':').and_then(|(h, m)| Some(number(h, 24)? * 60 + number(m, 60)?));
    parsed.ok_or_else(|| ActError::Refused(format!("database.backups.at: {at:?} is not a time of day like 02:30")))
}

/// `+0530` is 330; anything odd is UTC.
pub(super) fn offset_minutes(zone: &str) -> i32 {
    let zone = zone.trim();
    let (sign, digits) = match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
        (Some(digits), _) => (1, digits),
        (None, Some(digits)) => (-1, digits),
        (None, None) => return 0,
    };
    let number = |text: Option<&str>| text.and_then(|t| t.parse::<i32>().ok()).unwrap_or(0);
    sign * (number(digits.get(..2)) * 60 + number(digits.get(2..4)))
}

/// The last instant at or before `now` at which it was that minute of the day there.
pub(super) fn latest(now: Time, minute_of_day: u32, offset_minutes: i32) -> Time {
    let offset = i128::from(offset_minutes) * MINUTE_MS;
    let local = i128::from(now.0) + offset;
    let today = local.div_euclid(DAY_MS) * DAY_MS + i128::from(minute_of_day) * MINUTE_MS;
    let there = if today <= local { today } else { today - DAY_MS };
    Time(u64::try_from(there - offset).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;

    #[test]
    fn times_of_day_are_read_strictly() {
        assert_eq!(minute_of_day("02:30").unwrap(), 150);
        for odd in ["", "2:30", "24:00", "02:60", "02:30:00", "0230", "-1:00"] {
            assert!(minute_of_day(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn zones_are_read() {
        assert_eq!(["+0000\n", "+0530", "-0800", "", "UTC"].map(offset_minutes), [0, 330, -480, 0, 0]);
    }

    #[test]
    fn it_was_due_at_the_last_such_minute_of_the_machines_day() {
        let day = 100 * DAY;
        assert_eq!(latest(Time(day + 3 * HOUR), 120, 0), Time(day + 2 * HOUR));
        assert_eq!(latest(Time(day + HOUR), 120, 0), Time(day - DAY + 2 * HOUR));
        assert_eq!(latest(Time(day + 3 * HOUR), 120, 60), Time(day + HOUR));
        assert_eq!(latest(Time(day + 3 * HOUR), 120, -480), Time(day - DAY + 10 * HOUR));
    }
}
