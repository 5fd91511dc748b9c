//! What comes from elsewhere must not drive the terminal: escape sequences and control characters are taken out at the door.

use serde_json::Value;

/// The text without escape sequences and control characters; line ends and tabs stay.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\u{1b}' => skip(&mut rest),
            // The same introducers as single characters.
            '\u{9b}' => control_sequence(&mut rest),
            '\u{90}' | '\u{9d}' | '\u{9e}' | '\u{9f}' => string(&mut rest),
            '\n' | '\t' => out.push(c),
            c if c.is_control() || reorders(c) => {}
            c => out.push(c),
        }
    }
    out
}

/// The text on one line.
pub(crate) fn line(text: &str) -> String {
    clean(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Cleans every text in a document, names of fields included.
pub(crate) fn document(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(clean(&text)),
        Value::Array(all) => Value::Array(all.into_iter().map(document).collect()),
        Value::Object(all) => Value::Object(all.into_iter().map(|(k, v)| (clean(&k), document(v))).collect()),
        Value::Null | Value::Bool(_) | Value::Number(_) => value,
    }
}

type Rest<'t> = std::iter::Peekable<std::str::Chars<'t>>;

/// After an escape character: a control sequence, a string, or one more character.
fn skip(rest: &mut Rest<'_>) {
    match rest.peek() {
        Some('[') => {
            rest.next();
            control_sequence(rest);
        }
        Some(']' | 'P' | '^' | '_' | 'X') => {
            rest.next();
            string(rest);
        }
        Some(c) if !c.is_control() => {
            rest.next();
        }
        Some(_) | None => {}
    }
}

/// Up to and with its final byte.
fn control_sequence(rest: &mut Rest<'_>) {
    while rest.next_if(|c| ('\u{20}'..='\u{3f}').contains(c)).is_some() {}
    rest.next_if(|c| ('\u{40}'..='\u{7e}').contains(c));
}

/// Up to and with its terminator (BEL or ST), but not past the end of the line.
fn string(rest: &mut Rest<'_>) {
    while let Some(c) = rest.next_if(|c| *c != '\n') {
        match c {
            '\u{7}' | '\u{9c}' => return,
            '\u{1b}' => {
                rest.next_if(|c| *c == '\\');
                return;
            }
            _ => {}
        }
    }
}

/// Characters that show a line in another order than it is written in.
fn reorders(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_of_all_kinds_are_taken_out() {
        for (given, left) in [
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}]0;title\u{7}text", "text"),
            ("\u{1b}]8;;http://x\u{1b}\\link\u{1b}]8;;\u{1b}\\", "link"),
            ("\u{1b}c\u{1b}7plain", "plain"),
            ("\u{9b}2Jscreen", "screen"),
            ("bell\u{7} back\u{8}space\r", "bell backspace"),
            ("un\u{1b}", "un"),
            ("two\nlines\tand a tab", "two\nlines\tand a tab"),
            ("\u{202e}gnp.exe", "gnp.exe"),
            ("Müller, 東京", "Müller, 東京"),
        ] {
            assert_eq!(clean(given), left, "{given:?}");
        }
    }

    #[test]
    fn an_unfinished_string_does_not_swallow_the_next_line() {
        assert_eq!(clean("\u{1b}]0;never ends\nnext"), "\nnext");
    }

    #[test]
    fn documents_are_cleaned_at_every_depth() {
        let dirty = serde_json::json!({"a\u{7}": ["\u{1b}[1mx", {"b": "y\u{0}"}], "n": 1});
        assert_eq!(document(dirty), serde_json::json!({"a": ["x", {"b": "y"}], "n": 1}));
    }
}
