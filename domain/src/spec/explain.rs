//! Why a part of the file could not be read, in words. Knows no rule beyond the shape.

use super::problem::Problem;
use super::source::{Fault, Reason, path_text};
use super::template;

/// The problem behind `fault`; `value` is what stands there.
pub(super) fn fault(fault: &Fault, value: Option<&str>) -> Problem {
    let path = path_text(&fault.path);
    match &fault.reason {
        Reason::Missing(field) => missing(&path, field),
        Reason::UnknownKey(known) => unknown(path, "there is no such setting", known),
        Reason::UnknownWord(word, known) => unknown_word(path, word, known),
        Reason::Other(why) => other(path, why, value),
    }
}

fn missing(parent: &str, field: &str) -> Problem {
    let path = if parent.is_empty() { field.to_owned() } else { format!("{parent}.{field}") };
    let example = template::example(&path);
    let problem = Problem::error(path, "is missing and has no default");
    example.map_or(problem.clone(), |text| problem.help(format!("for example `{field}: {text}`")))
}

fn unknown(path: String, what: &str, known: &[&str]) -> Problem {
    let word = path.rsplit(['.', ']']).next().unwrap_or_default();
    let message = match nearest(word, known) {
        Some(near) => format!("{what}; did you mean `{near}`?"),
        None => what.to_owned(),
    };
    let help = if known.is_empty() { "leave it out".to_owned() } else { format!("known here: {}", known.join(", ")) };
    Problem::error(path, message).help(help)
}

fn unknown_word(path: String, word: &str, known: &[&str]) -> Problem {
    let word: String = word.chars().take(64).collect();
    let near = nearest(&word, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Problem::error(path, format!("{word:?} is not known{near}")).help(format!("one of: {}", known.join(", ")))
}

fn other(path: String, why: &str, value: Option<&str>) -> Problem {
    let short: String = value.unwrap_or_default().chars().take(64).collect();
    let message = if short.is_empty() || why.contains(&short) { why.to_owned() } else { format!("{short:?}: {why}") };
    let help = match path.as_str() {
        "kubernetes.version" => "write the version in full, for example 1.36.4",
        p if p.ends_with(".address") || p.starts_with("vips.") => "an address such as 192.168.193.21",
        _ => "",
    };
    Problem::error(path, message).help(help)
}

/// The known word that `word` was probably meant to be.
fn nearest<'k>(word: &str, known: &[&'k str]) -> Option<&'k str> {
    let lower = word.to_lowercase();
    let distance = |k: &str| strsim::damerau_levenshtein(&lower, &k.to_lowercase());
    let near = known.iter().copied().min_by_key(|k| distance(k))?;
    (distance(near) <= 1 + near.len() / 4).then_some(near)
}
