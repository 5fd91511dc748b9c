//! Amounts of memory, disk and CPU as Kubernetes writes them: `512Mi`, `20Gi`, `500m`, `2`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, text_value};
use crate::id::InvalidName;

/// An amount. Bytes for memory and disk, cores for CPU; equal when written equally.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Quantity {
    milli: u128,
    written: String,
}

const SUFFIXES: [(&str, u128); 10] = [
    ("Ki", 1 << 10),
    ("Mi", 1 << 20),
    ("Gi", 1 << 30),
    ("Ti", 1 << 40),
    ("k", 1_000),
    ("M", 1_000_000),
    ("G", 1_000_000_000),
    ("T", 1_000_000_000_000),
    ("m", 0),
    ("", 1),
];

impl Quantity {
    /// Parses a number with at most three decimals and a suffix.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let bad =
            || invalid("quantity", s, "a number and a suffix: m, k, M, G, T, Ki, Mi, Gi or Ti, for example 512Mi");
        let (suffix, factor) = SUFFIXES.iter().find(|(suffix, _)| s.ends_with(suffix)).ok_or_else(bad)?;
        let milli = thousandths(&s[..s.len() - suffix.len()]).ok_or_else(bad)?;
        let milli = if *suffix == "m" { Some(milli / 1_000) } else { milli.checked_mul(*factor) };
        milli.map(|milli| Self { milli, written: s.to_owned() }).ok_or_else(bad)
    }

    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }
    /// Whole units: bytes, or cores rounded up.
    pub fn units(&self) -> u64 {
        u64::try_from(self.milli.div_ceil(1_000)).unwrap_or(u64::MAX)
    }
    /// Bytes, for memory and disk.
    pub fn bytes(&self) -> u64 {
        self.units()
    }
    /// Thousandths of a core, for CPU.
    pub fn millicores(&self) -> u64 {
        u64::try_from(self.milli).unwrap_or(u64::MAX)
    }

    fn text(&self) -> String {
        self.written.clone()
    }
}

text_value!(Quantity);

/// `1.5` to 1500; at most three decimals, at most 15 digits.
fn thousandths(number: &str) -> Option<u128> {
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    let digits = |t: &str| (1..=15).contains(&t.len()) && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(decimals) || decimals.len() > 3 {
        return None;
    }
    let whole: u128 = whole.parse().ok()?;
    let decimals: u128 = format!("{decimals:0<3}").parse().ok()?;
    Some(whole * 1_000 + decimals)
}
