//! Healing as an operator sees it: who is ill, what comes next and what it waits for, and what was decided.

use serde::{Deserialize, Serialize};

use crate::heal::{Decision, Outlook, outlooks};
use crate::id::{MachineName, Time};
use crate::spec::Healing;
use crate::state::{Pause, State};

/// Milliseconds in a day.
const DAY_MS: u64 = 24 * 3_600_000;

/// Healing on one screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HealingView {
    /// What the policy says; absent before the first spec.
    pub mode: Option<Healing>,
    /// Who paused it, if anybody did.
    pub paused: Option<Pause>,
    /// Acts in the last 24 hours.
    pub acts_in_a_day: usize,
    /// Machines in maintenance, until when.
    pub maintenance: Vec<(MachineName, Time)>,
    /// Ill machines and what comes next for each.
    pub ill: Vec<Outlook>,
    /// Decisions, newest first.
    pub decisions: Vec<Decision>,
    /// The leader's clock.
    pub now: Time,
}

/// Healing at `now`.
pub fn healing(state: &State, now: Time) -> HealingView {
    let maintenance = state.healing.maintenance.iter().filter(|(_, until)| **until > now);
    HealingView {
        mode: state.spec.as_ref().map(|r| r.spec.policy.healing),
        paused: state.healing.paused.clone(),
        acts_in_a_day: state.healing.done().filter(|(_, at)| now.ms_since(*at) < DAY_MS).count(),
        maintenance: maintenance.map(|(name, until)| (name.clone(), *until)).collect(),
        ill: outlooks(state, now),
        decisions: state.healing.decisions.iter().rev().cloned().collect(),
        now,
    }
}

/// For the status: how healing is set and what it did, then a line for each ill machine.
pub(super) fn lines(state: &State, now: Time) -> Vec<String> {
    let view = healing(state, now);
    let Some(mode) = view.mode else { return Vec::new() };
    let paused = view.paused.map(|p| format!(", paused by {}", p.by)).unwrap_or_default();
    let acts = if view.acts_in_a_day == 1 { "act" } else { "acts" };
    let first =
        format!("{}{paused}   {} {acts} in the last 24 h (`hactl heal history`)", mode.as_str(), view.acts_in_a_day);
    let ill = view.ill.into_iter().map(|o| format!("{}: {}", o.machine, o.text));
    std::iter::once(first).chain(ill).collect()
}
