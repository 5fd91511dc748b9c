//! How many control planes and coordinators, and what their number is worth.

use crate::spec::problem::Problem;
use crate::spec::{Role, Spec};

use super::counted;

/// More members than this only make each write slower.
const MOST: usize = 7;

const TABLE: &str = "use 3 (tolerates 1) or 5 (tolerates 2)";

/// How many of `members` must agree.
pub const fn quorum(members: usize) -> usize {
    members / 2 + 1
}

/// How many of `members` may be lost with the rest still agreeing.
pub const fn tolerates(members: usize) -> usize {
    members.saturating_sub(quorum(members))
}

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let mut problems: Vec<Problem> = control_planes(spec).into_iter().collect();
    problems.extend(coordinators(spec));
    problems
}

/// Whether all that is wrong is that the number is even. A file with that is refused; but a machine may have to go before
/// another can take its place.
pub(in crate::spec) fn is_only_even(problem: &Problem, spec: &Spec) -> bool {
    let even = |n: usize| n > 0 && n.is_multiple_of(2);
    match problem.path.as_str() {
        "machines" => {
            even(spec.control_planes().len()) && control_planes(spec).is_some_and(|p| p.message == problem.message)
        }
        "coordinators" => even(spec.coordinators.len()),
        _ => false,
    }
}

fn control_planes(spec: &Spec) -> Option<Problem> {
    let last = spec.machines.iter().rposition(|m| m.role == Role::ControlPlane);
    let n = spec.control_planes().len();
    let problem = match n {
        0 => {
            Problem::error("machines", "no control plane: nothing would hold or serve the cluster's state").help(TABLE)
        }
        1 => Problem::warning("machines", "1 control plane tolerates no failure: losing it stops the cluster")
            .help(TABLE),
        2 => Problem::error("machines", two("control planes", "the cluster")).help(less_is_equal(2)),
        even if even.is_multiple_of(2) => {
            Problem::error("machines", even_number(even, "control plane")).help(less_is_equal(even))
        }
        many if many > MOST => {
            Problem::warning("machines", too_many(many)).help("5 (tolerates 2) is enough for any site")
        }
        _ => return None,
    };
    Some(match last {
        Some(n) => problem.pointing_at(format!("machines[{n}]")),
        None => problem,
    })
}

fn two(what: &str, stops: &str) -> String {
    format!("2 {what} tolerate no failure: quorum is 2, losing either stops {stops}")
}

fn even_number(n: usize, what: &str) -> String {
    let less = n - 1;
    format!("{} tolerate {}, as {less} do: quorum is {}", counted(n, what), counted(tolerates(n), "failure"), quorum(n))
}

fn less_is_equal(n: usize) -> String {
    format!(
        "{TABLE}; with {} you have the same tolerance and {}",
        n - 1,
        if n == 2 { "half the parts" } else { "one part less to fail" }
    )
}

fn too_many(n: usize) -> String {
    format!("{n} control planes: every write waits for {} of them", quorum(n))
}

fn coordinators(spec: &Spec) -> Vec<Problem> {
    let mut problems = Vec::new();
    let named = &spec.coordinators;
    for (n, name) in named.iter().enumerate() {
        let path = format!("coordinators[{n}]");
        match spec.machine(name.as_str()) {
            None => problems
                .push(Problem::error(path, format!("there is no machine {name}")).help("name machines of this file")),
            Some(m) if m.role == Role::Spare => {
                problems
                    .push(Problem::error(path, format!("{name} is a spare, which may take another machine's place")));
            }
            Some(_) if named[..n].contains(name) => {
                problems.push(Problem::error(path, format!("{name} is named twice")))
            }
            Some(_) => {}
        }
    }
    problems.extend(count(named.len()));
    problems
}

fn count(n: usize) -> Option<Problem> {
    match n {
        2 => Some(Problem::error("coordinators", two("coordinators", "every change")).help(less_is_equal(2))),
        n if n > 0 && n.is_multiple_of(2) => {
            Some(Problem::error("coordinators", even_number(n, "coordinator")).help(less_is_equal(n)))
        }
        n if n > MOST => {
            Some(Problem::error("coordinators", format!("{n} are more than the {MOST} that can agree in time")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quorum_table_is_the_one_everybody_knows() {
        let table: Vec<_> = (1..=7).map(|n| (n, quorum(n), tolerates(n))).collect();
        let known = [(1, 1, 0), (2, 2, 0), (3, 2, 1), (4, 3, 1), (5, 3, 2), (6, 4, 2), (7, 4, 3)];
        assert_eq!(table, known);
    }
}
