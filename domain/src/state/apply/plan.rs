//! Adoption of plans and the life of steps.

use crate::id::Time;
use crate::state::{EventKind, Outcome, Refusal, State, StepRecord, prune, refuse};
use crate::step::{Status, Step, StepEvent, StepId};

pub(super) fn adopt(state: &mut State, (index, at): (u64, Time), base: u64, steps: &[Step]) -> Outcome {
    if base != state.revision {
        return Err(Refusal::StalePlan { base, current: state.revision });
    }
    refuse(state, steps)?;
    for step in steps {
        let record =
            StepRecord { step: step.clone(), status: Status::Adopted { at }, index, adopted: at, granted: None };
        state.journal.insert(step.id.clone(), record);
        state.note(at, "leader", EventKind::Step, format!("{} planned: {}", step.id, step.why));
    }
    state.touch()
}

pub(super) fn advance(state: &mut State, at: Time, id: &StepId, event: &StepEvent) -> Outcome {
    let wanted = state.journal.get(id).is_some_and(|r| state.still_wants(&r.step));
    let Some(record) = state.journal.get_mut(id) else { return State::missing("step", id) };
    if matches!((event, &record.status), (StepEvent::Grant, Status::Adopted { .. })) && !wanted {
        let text = "the spec has changed, it is not wanted any more".to_owned();
        return Err(Refusal::Step { step: id.to_string(), text });
    }
    let next = record.status.next(event, at);
    let next = next.map_err(|e| Refusal::Step { step: id.to_string(), text: e.to_string() })?;
    if matches!(event, StepEvent::Grant) {
        record.granted = record.granted.or(Some(at));
    }
    let text = line(record, &next, at);
    record.status = next;
    let by = record.step.name.to_string();
    state.note(at, &by, EventKind::Step, text);
    prune(&mut state.journal);
    state.touch()
}

fn line(record: &StepRecord, next: &Status, at: Time) -> String {
    let id = &record.step.id;
    match next {
        Status::Failed { error, .. } => format!("{id} failed: {error}"),
        Status::Confirmed { .. } => {
            let ms = record.granted.map_or(0, |since| at.ms_since(since));
            format!("{id} done in {}.{} s", ms / 1000, ms % 1000 / 100)
        }
        other => format!("{id} {}", other.word()),
    }
}
