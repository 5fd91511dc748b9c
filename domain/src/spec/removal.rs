//! Whether one machine can be taken out of a site that stands. Knows no plan.

use super::check::{check, is_only_even};
use super::problem::{Problem, Severity};
use super::{Spec, check_change};
use crate::catalog::Catalog;
use crate::id::MachineName;

/// What is wrong, or new and doubtful, once the machine called `name` is out: errors refuse it, warnings are told. What was
/// doubtful before is not told again.
pub fn check_removal(old: &Spec, name: &MachineName, catalog: &Catalog) -> Vec<Problem> {
    let new = old.without(name);
    let known = check(old, catalog);
    let is_new = |p: &Problem| p.is_error() || known.iter().all(|k| k.message != p.message);
    let mut problems = check_change(old, &new);
    problems.extend(last_coordinator(old, &new));
    problems.extend(check(&new, catalog).into_iter().map(|p| tolerated(p, &new)).filter(is_new));
    problems
}

/// Even numbers of control planes and coordinators, which a file may not ask for, as warnings.
pub fn without_even_numbers(problems: Vec<Problem>, spec: &Spec) -> Vec<Problem> {
    problems.into_iter().map(|p| tolerated(p, spec)).collect()
}

fn tolerated(problem: Problem, spec: &Spec) -> Problem {
    if !is_only_even(&problem, spec) {
        return problem;
    }
    let help = "let another take its place";
    Problem { severity: Severity::Warning, ..problem }.help(help)
}

/// Whether both have the same control planes and coordinators.
pub fn same_members(old: &Spec, new: &Spec) -> bool {
    let names = |spec: &Spec| -> std::collections::BTreeSet<MachineName> {
        let coordinators = spec.coordinator_machines();
        spec.control_planes().into_iter().chain(coordinators).map(|m| m.name.clone()).collect()
    };
    names(old) == names(new) && old.coordinators == new.coordinators
}

/// An empty list means the first control planes, which is not what whoever wrote a list wanted.
fn last_coordinator(old: &Spec, new: &Spec) -> Option<Problem> {
    let gone = !old.coordinators.is_empty() && new.coordinators.is_empty();
    gone.then(|| {
        Problem::error("coordinators", "names no other machine: nothing would hold the site's own state")
            .help("name others there and apply first")
    })
}
