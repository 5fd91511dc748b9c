//! dpkg and apt-get beyond installing from the distribution.

use super::super::distribution;
use super::super::state::State;
use super::{failed, said};
use crate::host::Output;

pub(super) fn run(state: &mut State, name: &str, args: &[&str]) -> Output {
    match (name, args) {
        ("dpkg", ["--audit"]) | ("apt-get", ["check", "--quiet"]) => Output::default(),
        // Only the coordinator comes as a file.
        ("dpkg", [.., "--install", path]) if state.files.has(path) => {
            distribution::install(state, "ha-coordinator");
            Output::default()
        }
        ("dpkg", [.., "--install", path]) => failed(1, &format!("dpkg: error: cannot access archive '{path}'")),
        ("dpkg-query", ["--show", "--showformat=${Version}", package]) => match distribution::version(state, package) {
            Some(version) => said(version),
            None => failed(1, &format!("dpkg-query: no packages found matching {package}")),
        },
        ("apt-get", ["remove", rest @ ..]) => {
            let names = rest.iter().skip_while(|a| **a != "--").skip(1);
            names.for_each(|name| distribution::remove(state, name));
            Output::default()
        }
        (name, args) => failed(2, &format!("the simulated {name} does not know {args:?}")),
    }
}
