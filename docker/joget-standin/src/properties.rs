//! The text format of Java's `.properties` files, read and written as `java.util.Properties` does.
//!
//! It must not know which keys there are, nor where the file lies.

/// Reads all entries in file order; a key given twice appears twice (the last one counts).
pub fn parse(text: &str) -> Vec<(String, String)> {
    logical_lines(text).iter().map(|line| split_entry(line)).collect()
}

/// The last value of a key.
pub fn get<'a>(entries: &'a [(String, String)], key: &str) -> Option<&'a str> {
    entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}

/// Writes entries one a line, escaped so that Java reads back the same texts.
pub fn render(entries: &[(&str, &str)]) -> String {
    let mut out = String::new();
    for (key, value) in entries {
        escape_into(&mut out, key, Part::Key);
        out.push('=');
        escape_into(&mut out, value, Part::Value);
        out.push('\n');
    }
    out
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    Key,
    Value,
}

/// Joins continued lines and drops comments and blank lines.
fn logical_lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut open: Option<String> = None;
    for natural in text.split(['\n', '\r']) {
        let trimmed = natural.trim_start_matches([' ', '\t', '\u{c}']);
        if open.is_none() && (trimmed.is_empty() || trimmed.starts_with(['#', '!'])) {
            continue;
        }
        let mut line = open.take().unwrap_or_default();
        line.push_str(trimmed);
        if is_continued(trimmed) {
            line.pop();
            open = Some(line);
        } else {
            lines.push(line);
        }
    }
    lines.extend(open);
    lines
}

/// An odd number of backslashes at the end continues the line.
fn is_continued(line: &str) -> bool {
    line.chars().rev().take_while(|c| *c == '\\').count() % 2 == 1
}

/// Splits at the first unescaped `=`, `:` or blank.
fn split_entry(line: &str) -> (String, String) {
    let mut escaped = false;
    for (at, c) in line.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '=' | ':' | ' ' | '\t' | '\u{c}' => return (unescape(&line[..at]), unescape(value_after(&line[at..]))),
            _ => {}
        }
    }
    (unescape(line), String::new())
}

/// Skips blanks, at most one separator, and blanks again.
fn value_after(rest: &str) -> &str {
    let blank = [' ', '\t', '\u{c}'];
    let rest = rest.trim_start_matches(blank);
    rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank)
}

fn unescape(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
            continue;
        }
        match chars.next() {
            Some('u') => units.push(hex_unit(&mut chars)),
            Some(other) => units.extend_from_slice(plain_escape(other).encode_utf16(&mut [0; 2])),
            None => {}
        }
    }
    String::from_utf16_lossy(&units)
}

/// `\uXXXX`; a malformed one becomes the replacement character instead of an error.
fn hex_unit(chars: &mut std::str::Chars<'_>) -> u16 {
    let digits: String = chars.by_ref().take(4).collect();
    u16::from_str_radix(&digits, 16).unwrap_or(0xfffd)
}

fn plain_escape(c: char) -> char {
    match c {
        't' => '\t',
        'n' => '\n',
        'r' => '\r',
        'f' => '\u{c}',
        other => other,
    }
}

fn escape_into(out: &mut String, text: &str, part: Part) {
    for (at, c) in text.char_indices() {
        match c {
            ' ' if at == 0 || part == Part::Key => out.push_str("\\ "),
            '\t' => out.push_str("\\t"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\u{c}' => out.push_str("\\f"),
            '\\' | '=' | ':' | '#' | '!' => out.extend(['\\', c]),
            ' '..='~' => out.push(c),
            other => {
                for unit in other.encode_utf16(&mut [0; 2]) {
                    out.push_str(&format!("\\u{unit:04X}"));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{get, parse, render};

    #[test]
    fn an_escaped_jdbc_url_is_read_as_java_reads_it() {
        let entries = parse("workflowUrl=jdbc\\:mariadb\\://db1\\:3306/jwdb?useSSL\\=true&a=b\n");
        assert_eq!(get(&entries, "workflowUrl"), Some("jdbc:mariadb://db1:3306/jwdb?useSSL=true&a=b"));
    }

    #[test]
    fn an_unescaped_jdbc_url_is_read_too() {
        let entries = parse("workflowUrl = jdbc:mysql://db1:3306/jwdb?x=y");
        assert_eq!(get(&entries, "workflowUrl"), Some("jdbc:mysql://db1:3306/jwdb?x=y"));
    }

    #[test]
    fn comments_blank_lines_and_carriage_returns_are_skipped() {
        let entries = parse("# one\r\n! two\r\n\r\n  currentProfile=default\r\n");
        assert_eq!(entries, vec![("currentProfile".to_owned(), "default".to_owned())]);
    }

    #[test]
    fn a_continued_line_is_joined_without_the_indent() {
        assert_eq!(get(&parse("a=one\\\n   two"), "a"), Some("onetwo"));
        assert_eq!(get(&parse("a=one\\\\\nb=two"), "a"), Some("one\\"));
    }

    #[test]
    fn separators_may_be_colon_or_blank_and_the_value_may_be_empty() {
        let entries = parse("a: 1\nb 2\nc\nd=");
        assert_eq!(get(&entries, "a"), Some("1"));
        assert_eq!(get(&entries, "b"), Some("2"));
        assert_eq!(get(&entries, "c"), Some(""));
        assert_eq!(get(&entries, "d"), Some(""));
    }

    #[test]
    fn the_last_value_of_a_key_counts() {
        assert_eq!(get(&parse("a=1\na=2"), "a"), Some("2"));
    }

    #[test]
    fn any_text_survives_writing_and_reading() {
        for value in ["p#a!s=s:w\\o rd", "  leading", "trailing  ", "tab\tnl\nff\u{c}", "žluťoučký 🐎", "", "\\u0041"]
        {
            let text = render(&[("workflowPassword", value), ("k e:y", "x")]);
            assert!(text.is_ascii(), "{text}");
            assert_eq!(get(&parse(&text), "workflowPassword"), Some(value), "{text}");
            assert_eq!(get(&parse(&text), "k e:y"), Some("x"), "{text}");
        }
    }

    #[test]
    fn a_malformed_unicode_escape_does_not_fail() {
        assert_eq!(get(&parse("a=x\\uZZ"), "a"), Some("x\u{fffd}"));
    }
}
