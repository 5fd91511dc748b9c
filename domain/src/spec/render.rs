//! Problems as text for a person. Pure: prints nothing, knows no terminal.

use std::fmt::Write;

use super::problem::{Problem, Severity};

/// The widest part of a line that is shown.
const WIDTH: usize = 100;

/// The problems of `file`, as `hactl` shows them; errors are marked `x`, warnings `!`. Ends in a newline.
pub fn render(problems: &[Problem], file: &str) -> String {
    let mut out = format!("{file}: {}\n", count(problems));
    for problem in problems {
        one(&mut out, problem);
    }
    out
}

fn count(problems: &[Problem]) -> String {
    let plural = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let errors = problems.iter().filter(|p| p.is_error()).count();
    match (errors, problems.len() - errors) {
        (errors, 0) => plural(errors, "problem"),
        (0, warnings) => plural(warnings, "warning"),
        (errors, warnings) => format!("{}, {}", plural(errors, "problem"), plural(warnings, "warning")),
    }
}

fn one(out: &mut String, p: &Problem) {
    let mark = match p.severity {
        Severity::Error => 'x',
        Severity::Warning => '!',
    };
    let path = if p.path.is_empty() { String::new() } else { format!("{}: ", p.path) };
    // Writing into a String cannot fail.
    let _ = writeln!(out, "\n  {mark} {path}{}", printable(&p.message));
    if p.line > 0 {
        let _ = writeln!(out, "{:>6} | {}", p.line, printable(&crop(&p.snippet, p.column)));
    }
    if !p.help.is_empty() {
        let _ = writeln!(out, "    help: {}", printable(&p.help));
    }
}

/// At most [`WIDTH`] characters around `column`.
fn crop(line: &str, column: usize) -> String {
    let length = line.chars().count();
    if length <= WIDTH {
        return line.to_owned();
    }
    let start = column.saturating_sub(WIDTH / 2).min(length - WIDTH);
    let middle: String = line.chars().skip(start).take(WIDTH).collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if start + WIDTH < length { "..." } else { "" };
    format!("{before}{middle}{after}")
}

/// A file must not be able to drive the terminal.
fn printable(text: &str) -> String {
    text.chars()
        .map(|c| {
            if c == '\t' {
                ' '
            } else if c.is_control() {
                '?'
            } else {
                c
            }
        })
        .collect()
}
