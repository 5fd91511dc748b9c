//! How many of a group are well: for quorums, and for the brake on storms.

use crate::health::Condition;
use crate::id::{MachineName, Time};
use crate::spec::{Machine, Spec};
use crate::state::{HealthRecord, State};

/// The record of a machine's health; none means that it never fell.
pub(super) fn health<'s>(state: &'s State, name: &MachineName) -> Option<&'s HealthRecord> {
    state.health.get(state.placed(name)?.0)
}

/// Whether a machine is well, as far as the coordinators know. One that never enrolled is not.
pub(super) fn is_well(state: &State, name: &MachineName) -> bool {
    let enrolled = state.machines.values().any(|m| m.spec_name() == Some(name));
    enrolled && health(state, name).is_none_or(|h| h.condition == Condition::Healthy)
}

/// Machines of the spec that are enrolled and ill.
pub(super) fn ill<'a>(state: &'a State, spec: &'a Spec) -> impl Iterator<Item = &'a Machine> {
    let is_ill = |m: &&Machine| health(state, &m.name).is_some_and(|h| h.condition != Condition::Healthy);
    spec.machines.iter().filter(is_ill)
}

/// Milliseconds for which a machine has been dead without a break; 0 where it is not.
pub(super) fn dead_for(state: &State, name: &MachineName, now: Time) -> Option<u64> {
    health(state, name).filter(|h| h.condition == Condition::Dead).map(|h| now.ms_since(h.since))
}
