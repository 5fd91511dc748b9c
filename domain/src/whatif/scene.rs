//! Who is there after the loss. A machine that is silent, unheard or not joined is not there before it either.

use std::collections::BTreeSet;

use super::Absent;
use crate::id::{MachineName, Time};
use crate::plan::{Input, Seen, World};
use crate::report::Report;
use crate::spec::Machine;
use crate::view::{MachineState, machine_state};

/// The site with machines taken away.
#[derive(Clone, Copy)]
pub(super) struct Scene<'s, 'a> {
    pub(super) input: &'s Input<'a>,
    pub(super) world: &'s World<'a>,
    pub(super) lost: &'s BTreeSet<MachineName>,
}

impl<'a> Scene<'_, 'a> {
    /// Whether a machine is there then.
    pub(super) fn has(&self, name: &MachineName) -> bool {
        !self.lost.contains(name) && is_here(self.world, name)
    }

    /// The last word of a machine that is there then.
    pub(super) fn report(&self, name: &MachineName) -> Option<&'a Report> {
        self.world.report(name).filter(|_| self.has(name))
    }

    /// Those of `machines` that are there then and of which `serves` holds.
    pub(super) fn left<'m>(
        &self,
        machines: impl IntoIterator<Item = &'m Machine>,
        serves: impl Fn(&Machine) -> bool,
    ) -> Vec<MachineName> {
        machines.into_iter().filter(|m| self.has(&m.name) && serves(m)).map(|m| m.name.clone()).collect()
    }
}

/// Whether a machine is heard now, before anything is taken away.
pub(super) fn is_here(world: &World<'_>, name: &MachineName) -> bool {
    is_heard(world.seen(name), world.now)
}

/// Whether an agent is heard. Not being heard is no proof of being dead, but nobody may count on it.
pub(super) fn is_heard(seen: Option<&Seen>, now: Time) -> bool {
    match machine_state(seen, now) {
        MachineState::Healthy | MachineState::Building => true,
        MachineState::Suspect
        | MachineState::Unreachable
        | MachineState::Dead
        | MachineState::Flapping
        | MachineState::Maintenance
        | MachineState::Unknown
        | MachineState::NotJoined
        | MachineState::Unnamed
        | MachineState::Ambiguous
        | MachineState::Leaving => false,
    }
}

/// The machines of the spec that are not there now, and why.
pub(super) fn absent(world: &World<'_>) -> Vec<Absent> {
    let gone = world.spec.machines.iter().filter(|m| !is_here(world, &m.name));
    gone.map(|m| Absent { name: m.name.clone(), why: why(world, &m.name) }).collect()
}

fn why(world: &World<'_>, name: &MachineName) -> String {
    if world.id(name).is_none() {
        return "has not joined".to_owned();
    }
    match world.seen(name).filter(|s| s.heard.0 > 0) {
        Some(_) => "silent".to_owned(),
        None => "not heard by this leader yet".to_owned(),
    }
}
