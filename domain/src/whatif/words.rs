//! Pieces of the sentences: numbers with their nouns, names in a row, ages. Knows no layer.

use std::fmt::Display;

/// `1 voter`, `3 voters`.
pub(super) fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}

/// `lb1`, `lb1 and lb2`, `m1, m2 and m3`.
pub(super) fn names(all: &[impl Display]) -> String {
    match all {
        [] => "nobody".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            let first: Vec<String> = first.iter().map(ToString::to_string).collect();
            format!("{} and {last}", first.join(", "))
        }
    }
}

/// How many more may go: `no more may be lost`, `1 more may be lost`.
pub(super) fn tolerance(n: usize) -> String {
    match n {
        0 => "no more may be lost".to_owned(),
        n => format!("{n} more may be lost"),
    }
}

/// `200 ms`, `45 s`, `12 min`, `11 h`, `3 d`: rounded down, like the ages of the status.
pub(super) fn span(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}
