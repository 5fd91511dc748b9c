//! What a concern wants of a machine, and what must be so before.

use crate::id::MachineName;
use crate::spec::Machine;
use crate::step::{Action, Component};

/// One component, wanted in one state.
#[derive(Debug)]
pub(super) struct Wish {
    /// Machines that could carry it out, best first: one for a machine's own component, several for what any control
    /// plane can do for the cluster. It is done when any of them shows it.
    pub(super) on: Vec<MachineName>,
    /// What is wanted, or why it cannot be said yet.
    pub(super) action: Result<Action, String>,
    /// What must be so before.
    pub(super) needs: Vec<Need>,
    /// When it counts as done.
    pub(super) done: Done,
    /// Why the site is as wanted even while the machine's agent is silent and this is not done; mostly it is not.
    pub(super) spared: Option<String>,
}

/// When a wish counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Done {
    /// The component shows exactly these parameters.
    AsWanted,
    /// It was done once, whatever the parameters were: what is history is not repeated.
    Once,
    /// Never while it is wished: the concern sees for itself whether it was done, and wishes it no more then.
    ByConcern,
}

/// What must be so before a step may be proposed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Need {
    /// A component of this machine is as wanted.
    Settled(MachineName, Component),
    /// One at least of these machines has the component as wanted.
    AnySettled(Vec<MachineName>, Component),
    /// Not so: with the reason.
    Never(String),
}

impl Wish {
    /// A machine's own component.
    pub(super) fn of(machine: &Machine, action: Action) -> Self {
        Self::on(vec![machine.name.clone()], Ok(action))
    }

    /// A component of the cluster, through any of these control planes.
    pub(super) fn through(machines: &[&Machine], action: Action) -> Self {
        Self::on(machines.iter().map(|m| m.name.clone()).collect(), Ok(action))
    }

    /// A wish whose parameters are not known yet.
    pub(super) fn later(machine: &Machine, why: impl Into<String>) -> Self {
        Self::on(vec![machine.name.clone()], Err(why.into()))
    }

    /// What any of these machines could do, or why it cannot be said.
    pub(super) fn on(on: Vec<MachineName>, action: Result<Action, String>) -> Self {
        Self { on, action, needs: Vec::new(), done: Done::AsWanted, spared: None }
    }

    /// Only after a component of the same machine.
    pub(super) fn after(mut self, machine: &Machine, component: Component) -> Self {
        self.needs.push(Need::Settled(machine.name.clone(), component));
        self
    }

    /// Only after one of these machines has the component.
    pub(super) fn after_any(mut self, machines: &[&Machine], component: Component) -> Self {
        self.needs.push(Need::AnySettled(machines.iter().map(|m| m.name.clone()).collect(), component));
        self
    }

    /// Not now, and why; `None` changes nothing.
    pub(super) fn unless(mut self, why: Option<String>) -> Self {
        self.needs.extend(why.map(Need::Never));
        self
    }

    /// The concern judges whether it was done.
    pub(super) fn by_concern(mut self) -> Self {
        self.done = Done::ByConcern;
        self
    }

    /// A silent agent is told of, with this reason, but does not keep the site from being as wanted.
    pub(super) fn spared(mut self, why: String) -> Self {
        self.spared = Some(why);
        self
    }

    /// Counts as done once it was done.
    pub(super) fn once(mut self) -> Self {
        self.done = Done::Once;
        self
    }
}
