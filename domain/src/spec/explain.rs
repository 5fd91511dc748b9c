//! Why a part of the file could not be read, in words. Knows no rule beyond the shape.

use super::problem::Problem;
use super::source::{Fault, Reason, Step, path_text, shown};
use super::template;

/// The problem behind `fault`; `value` is what stands there.
pub(super) fn fault(fault: &Fault, value: Option<&str>) -> Problem {
    let path = path_text(&fault.path);
    match &fault.reason {
        Reason::Missing(field) => missing(&fault.path, field),
        Reason::UnknownKey(known) => unknown_key(path, fault.path.last(), known),
        Reason::UnknownWord(word, known) => unknown_word(path, word, known),
        Reason::Other(why) if path.is_empty() => whole_file(why),
        Reason::Other(why) => other(path, why, value),
    }
}

fn whole_file(why: &str) -> Problem {
    Problem::error("", format!("not a spec: {why}")).help("`hactl spec init` writes one to begin with")
}

fn missing(parent: &[Step], field: &str) -> Problem {
    let mut path = parent.to_vec();
    path.push(Step::Key(field.to_owned()));
    let problem = Problem::error(path_text(&path), "is missing and has no default");
    match template::example(&path) {
        Some(text) => problem.help(format!("for example `{field}: {text}`")),
        None => problem,
    }
}

fn unknown_key(path: String, last: Option<&Step>, known: &[&str]) -> Problem {
    let word = match last {
        Some(Step::Key(word)) => word.as_str(),
        Some(Step::Index(_)) | None => "",
    };
    match nearest(word, known) {
        Some(near) => Problem::error(path, format!("there is no such setting; did you mean `{near}`?")),
        None => Problem::error(path, "there is no such setting").help(format!("known here: {}", known.join(", "))),
    }
}

fn unknown_word(path: String, word: &str, known: &[&str]) -> Problem {
    let near = nearest(word, known).map(|near| format!("; did you mean `{near}`?")).unwrap_or_default();
    Problem::error(path, format!("{:?} is not known{near}", shown(word))).help(format!("one of: {}", known.join(", ")))
}

fn other(path: String, why: &str, value: Option<&str>) -> Problem {
    // The newtypes say `"VALUE" is not a valid WHAT: RULE`; the rule is what to do.
    if let Some((what, rule)) = why.split_once(" is not a valid ").and_then(|(_, rest)| rest.split_once(": ")) {
        let message = format!("{:?} is not a valid {what}", shown(value.unwrap_or_default()));
        return Problem::error(path, message).help(rule);
    }
    let message = match value {
        Some(text) if why == "invalid IP address syntax" => format!("{:?} is not an IP address", shown(text)),
        Some(text) if !why.contains(" stands where ") => format!("{:?}: {why}", shown(text)),
        Some(_) | None => why.to_owned(),
    };
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
