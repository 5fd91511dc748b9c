//! Periods such as `200ms` or `4h`, and times of day such as `02:00`. Knows nothing of a clock.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, text_value};
use crate::id::InvalidName;

/// A length of time in whole milliseconds, written with a unit: `200ms`, `4s`, `10m`, `4h`, `7d`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Period(u64);

const UNITS: [(&str, u64); 5] = [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

impl Period {
    /// A period of `n` milliseconds.
    pub const fn from_ms(n: u64) -> Self {
        Self(n)
    }
    /// A period of `n` seconds.
    pub const fn from_secs(n: u64) -> Self {
        Self(n.saturating_mul(1_000))
    }
    /// Milliseconds.
    pub const fn ms(self) -> u64 {
        self.0
    }
    /// Whole seconds, rounded down.
    pub const fn secs(self) -> u64 {
        self.0 / 1_000
    }

    /// Parses a whole number and a unit.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let bad = || invalid("period", s, "a whole number and a unit: ms, s, m, h or d, for example 200ms");
        let digits = s.len() - s.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, unit) = s.split_at(digits);
        let number: u64 = number.parse().map_err(|_| bad())?;
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(bad)?;
        number.checked_mul(*factor).map(Self).ok_or_else(bad)
    }

    fn text(self) -> String {
        let whole = UNITS.iter().find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor));
        whole.map_or_else(|| format!("{}ms", self.0), |(unit, factor)| format!("{}{unit}", self.0 / factor))
    }
}

text_value!(Period);

/// A time of day, 24 hours, written `HH:MM`; in the machine's own time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct TimeOfDay {
    hour: u8,
    minute: u8,
}

impl TimeOfDay {
    /// `hour:minute`, taken modulo 24 and 60.
    pub const fn at(hour: u8, minute: u8) -> Self {
        Self { hour: hour % 24, minute: minute % 60 }
    }
    /// 0 to 23.
    pub const fn hour(self) -> u8 {
        self.hour
    }
    /// 0 to 59.
    pub const fn minute(self) -> u8 {
        self.minute
    }

    /// Parses `HH:MM`.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let bad = || invalid("time of day", s, "HH:MM from 00:00 to 23:59, for example 02:00");
        let (hour, minute) = s.split_once(':').filter(|(h, m)| h.len() == 2 && m.len() == 2).ok_or_else(bad)?;
        let number = |t: &str, below: u8| t.parse::<u8>().ok().filter(|n| *n < below).ok_or_else(bad);
        Ok(Self { hour: number(hour, 24)?, minute: number(minute, 60)? })
    }

    fn text(self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }
}

text_value!(TimeOfDay);
