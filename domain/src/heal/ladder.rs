//! The ladder: what can be done about a dead machine, mildest first, and what only a person can.

use super::{Act, spare};
use crate::spec::{Machine, Role, Spec};
use crate::state::State;

/// One rung for one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rung {
    /// It can be done by itself, once its gates are open.
    Act(Act),
    /// A person has to: with the reason and what to do.
    Person(String),
}

/// What is left to be done about a dead machine, mildest first. Never empty.
pub fn ladder(state: &State, spec: &Spec, machine: &Machine) -> Vec<Rung> {
    let mut rungs = Vec::new();
    if machine.role == Role::Worker && !state.healing.evacuated.contains(&machine.name) {
        rungs.push(Rung::Act(Act::Evacuate { machine: machine.name.clone() }));
    }
    rungs.push(replace(state, spec, machine));
    rungs
}

fn replace(state: &State, spec: &Spec, machine: &Machine) -> Rung {
    let name = &machine.name;
    match machine.role {
        Role::ControlPlane | Role::Worker | Role::LoadBalancer => match spare::choose(state, spec, machine) {
            Some(spare) => Rung::Act(Act::Replace { machine: name.clone(), spare: spare.clone() }),
            None => Rung::Person(spare::none(state, spec, machine)),
        },
        Role::Database | Role::Storage => Rung::Person(format!(
            "the data of the site is on {name}: switch it on again; only a person may give its place to another"
        )),
        Role::Spare => Rung::Person(format!("{name} is a spare: switch it on again, or `hactl node remove {name}`")),
    }
}
