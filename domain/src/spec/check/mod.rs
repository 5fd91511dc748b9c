//! The rules a spec has to follow, one file per concern; each returns every problem it finds.
//!
//! Rules see one spec; what may follow on what is in `change`. Knows nothing of the file's text.

mod application;
mod balancing;
mod database;
mod hypervisors;
mod machines;
mod network;
mod quorum;
mod storage;
mod surroundings;
mod versions;
mod vips;

pub use network::check_reported;
pub(super) use quorum::is_only_even;
pub use quorum::{quorum, tolerates};

use super::Spec;
use super::problem::Problem;
use crate::catalog::Catalog;

/// The rules, in the order their problems are shown.
const RULES: [fn(&Spec) -> Vec<Problem>; 10] = [
    machines::check,
    quorum::check,
    hypervisors::check,
    network::check,
    vips::check,
    balancing::check,
    database::check,
    storage::check,
    application::check,
    surroundings::check,
];

/// Every rule.
pub fn check(spec: &Spec, catalog: &Catalog) -> Vec<Problem> {
    let mut problems = check_alone(spec);
    problems.extend(versions::check(spec, catalog));
    sorted(problems)
}

/// Every rule that needs no catalog.
pub fn check_alone(spec: &Spec) -> Vec<Problem> {
    sorted(RULES.iter().flat_map(|rule| rule(spec)).collect())
}

/// Errors first; otherwise in the order of the rules.
fn sorted(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|p| p.severity);
    problems
}

/// `one of them`, `a and b`, `a, b and c`.
pub(super) fn all_of<S: AsRef<str>>(words: &[S]) -> String {
    match words {
        [] => "none".to_owned(),
        [one] => one.as_ref().to_owned(),
        [rest @ .., last] => {
            let rest: Vec<&str> = rest.iter().map(AsRef::as_ref).collect();
            format!("{} and {}", rest.join(", "), last.as_ref())
        }
    }
}

/// `1 worker`, `2 workers`.
pub(super) fn counted(n: usize, word: &str) -> String {
    format!("{n} {word}{}", if n == 1 { "" } else { "s" })
}
