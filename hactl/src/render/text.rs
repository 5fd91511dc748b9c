//! Texts of a given width, ages, times and numbers for people. Plain ASCII, so that a serial console shows them too.

use ha_domain::id::Time;

/// How wide a screen is.
pub(crate) const WIDTH: usize = 100;

/// `340 ms`, `12 s`, `5 min`, `3 h`, `2 d`.
pub(crate) fn age(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}

/// Whole seconds of a wait, `7 s`, `3 min 20 s`, `1 h 05 min`.
pub(crate) fn clock(ms: u64) -> String {
    let seconds = ms / 1_000;
    match seconds {
        0..120 => format!("{seconds} s"),
        120..3_600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3_600, seconds % 3_600 / 60),
    }
}

/// Seconds with a tenth: `12.3 s`.
pub(crate) fn seconds(ms: u64) -> String {
    format!("{}.{} s", ms / 1_000, ms % 1_000 / 100)
}

/// `1 step`, `2 steps`.
pub(crate) fn count(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// At most `width` characters; what is cut off is marked.
pub(crate) fn fit(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(2)).collect();
    format!("{}..", kept.trim_end())
}

/// The text in lines of at most `width` characters, broken at blanks where there are any.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace().flat_map(|word| pieces(word, width)) {
        let last = lines.len() - 1;
        let used = lines[last].chars().count();
        if used > 0 && used + 1 + word.chars().count() > width {
            lines.push(word);
        } else {
            let gap = if used > 0 { " " } else { "" };
            lines[last].push_str(gap);
            lines[last].push_str(&word);
        }
    }
    lines
}

/// Texts under a lead, each in lines that fit on the screen; what goes on stands below its beginning.
pub(crate) fn under(lead: &str, texts: &[impl AsRef<str>]) -> String {
    let indent = lead.chars().count();
    let wrapped = texts.iter().flat_map(|text| wrap(text.as_ref(), WIDTH.saturating_sub(indent).max(20)));
    let line = |(n, line): (usize, String)| {
        if n == 0 { format!("{lead}{line}\n") } else { format!("{:indent$}{line}\n", "") }
    };
    wrapped.enumerate().map(line).collect()
}

/// A word that is wider than a line, in pieces.
fn pieces(word: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = word.chars().collect();
    letters.chunks(width.max(1)).map(|piece| piece.iter().collect()).collect()
}

/// `2026-11-24 07:12:03`, in UTC.
pub(crate) fn utc(at: Time) -> String {
    let seconds = at.0 / 1_000;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    let (year, month, day) = date(seconds / 86_400);
    format!("{year}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
}

/// The civil date of a day since 1970, counted in eras of 400 years that begin in March.
fn date(days: u64) -> (u64, u64, u64) {
    let shifted = days + 719_468;
    let (era, day_of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_the_calendar_has_them() {
        for (ms, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400_000, "2000-02-29 00:00:00"),
            (1_709_251_199_999, "2024-02-29 23:59:59"),
            (4_107_542_400_000, "2100-03-01 00:00:00"),
        ] {
            assert_eq!(utc(Time(ms)), text);
        }
    }

    #[test]
    fn lines_are_broken_at_blanks_and_long_words_where_they_must() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("", 4), [""]);
    }

    #[test]
    fn what_does_not_fit_is_marked() {
        assert_eq!(fit("exactly ten", 11), "exactly ten");
        assert_eq!(fit("exactly ten", 10), "exactly..");
    }

    #[test]
    fn waits_are_told_in_the_unit_a_person_would_use() {
        let told = [900, 59_000, 130_000, 3_900_000].map(clock);
        assert_eq!(told, ["0 s", "59 s", "2 min 10 s", "1 h 05 min"]);
    }
}
