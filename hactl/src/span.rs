//! Lengths of time as they are typed: `90`, `90s`, `10m`, `1h`, `2d`.

use std::time::Duration;

/// Reads a length of time; a bare number counts seconds.
///
/// # Errors
/// What would be right.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match &text[digits.len()..] {
        "" | "s" => 1,
        "m" | "min" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err("write it like 90s, 10m, 1h or 2d".to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| "write it like 90s, 10m, 1h or 2d".to_owned())?;
    number.checked_mul(unit).map(Duration::from_secs).ok_or_else(|| "that is too long".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_read_in_every_unit() {
        let read = ["90", "90s", "10m", "10min", "1h", "2d"].map(|t| parse(t).unwrap().as_secs());
        assert_eq!(read, [90, 90, 600, 600, 3_600, 172_800]);
    }

    #[test]
    fn other_texts_are_refused() {
        for bad in ["", "s", "1w", "-1s", "1.5h", "99999999999999999999d", "10 m"] {
            assert!(parse(bad).is_err(), "{bad:?} was taken");
        }
    }
}
