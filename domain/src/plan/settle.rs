//! What became of the steps in flight: confirmed by observation, expired, or no longer wanted.

use super::Input;
use crate::state::StepRecord;
use crate::step::{Action, Status, StepEvent, StepId};

/// Events that the reports and the clock bring about.
pub fn settle(input: &Input<'_>) -> Vec<(StepId, StepEvent)> {
    let in_flight = input.state.journal.iter().filter(|(_, r)| r.status.in_flight());
    in_flight.filter_map(|(id, record)| Some((id.clone(), event(input, record)?))).collect()
}

fn event(input: &Input<'_>, record: &StepRecord) -> Option<StepEvent> {
    match &record.status {
        Status::Adopted { at } => {
            let stale = input.now.ms_since(*at) > UNSTARTED_MS || !input.state.still_wants(&record.step);
            stale.then_some(StepEvent::Cancel)
        }
        Status::Granted { .. } | Status::Succeeded { .. } if is_shown(input, record) => Some(StepEvent::Confirm),
        Status::Granted { at } => overdue(input, *at, record.step.deadline_ms),
        Status::Succeeded { at } => overdue(input, *at, UNSHOWN_MS),
        Status::Confirmed { .. } | Status::Failed { .. } | Status::Expired { .. } | Status::Cancelled { .. } => None,
    }
}

/// An offer nobody took up is withdrawn after this time, in milliseconds, and planned anew.
const UNSTARTED_MS: u64 = 60_000;
/// A success that no report shows expires after this time, in milliseconds.
const UNSHOWN_MS: u64 = 60_000;

fn overdue(input: &Input<'_>, since: crate::id::Time, limit: u64) -> Option<StepEvent> {
    (input.now.ms_since(since) > limit).then_some(StepEvent::Expire)
}

fn is_shown(input: &Input<'_>, record: &StepRecord) -> bool {
    let told = matches!(record.status, Status::Succeeded { .. });
    let seen = input.observed.get(&record.step.machine);
    let shown = seen.is_some_and(|s| s.report.converged(record.step.component(), &record.step.action.digest()));
    match &record.step.action {
        // A machine that was reset tells no more: its own word has to do.
        Action::Reset(_) => told,
        // A report keeps showing the last time it was done: it must have been done this time.
        Action::Drain(_) | Action::OutOfService(_) | Action::RemoveNode(_) => told && shown,
        _ => shown,
    }
}
