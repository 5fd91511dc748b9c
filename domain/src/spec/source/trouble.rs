//! What the YAML library refuses, in words for an operator.

use serde_saphyr::Error;
use serde_saphyr::budget::BudgetBreach;

use super::{point, tree};
use crate::spec::problem::Problem;

/// The problem behind `error`, with its place in `text`.
pub(super) fn problem(text: &str, error: &Error) -> Problem {
    let mut problem = match innermost(error) {
        Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            Problem::error("", format!("`{key}` is there twice; one of them would be ignored")).help("keep one")
        }
        Error::MultipleDocuments { .. } | Error::Budget { breach: BudgetBreach::Documents { .. }, .. } => {
            Problem::error("", "a second document begins here; a spec is one").help("take out the line `---`")
        }
        Error::Budget { breach, .. } => limits(match breach {
            BudgetBreach::Depth { .. } => "it is nested deeper than a spec can be",
            BudgetBreach::Aliases { .. } | BudgetBreach::Anchors { .. } | BudgetBreach::AliasAnchorRatio { .. } => {
                "it has more anchors and aliases than a spec can need"
            }
            _ => "it has more values than a spec can have",
        }),
        Error::AliasReplayCounterOverflow { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. } => limits("its aliases stand for more than a spec can need"),
        other => Problem::error("", format!("not YAML: {}", words(other))),
    };
    if let Some(at) = error.location() {
        point(&mut problem, text, (tree::size(at.line()), tree::size(at.column())));
    }
    problem
}

/// Without the wrappings that only repeat the place.
fn innermost(error: &Error) -> &Error {
    match error.without_snippet() {
        Error::AliasError { error, .. } => innermost(error),
        other => other,
    }
}

fn limits(why: &str) -> Problem {
    Problem::error("", format!("not read: {why}")).help("write the values out, without nesting and aliases")
}

/// The library's first line without the place, which is shown anyway.
fn words(error: &Error) -> String {
    let text = innermost(error).to_string();
    let line = text.lines().next().unwrap_or_default();
    line.rsplit_once(" at line ").map_or(line, |(words, _)| words).to_owned()
}
