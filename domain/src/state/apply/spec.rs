//! Changes of what is wanted.

use crate::catalog::Catalog;
use crate::id::{MachineName, Time};
use crate::spec::Spec;
use crate::state::{Entry, EventKind, Outcome, Refusal, Reply, SpecNote, SpecRecord, State, assign};

/// How many earlier specs are kept.
const HISTORY: usize = 20;

/// A spec as it was written and understood.
pub(super) struct New<'a> {
    pub(super) text: &'a str,
    pub(super) spec: &'a Spec,
    pub(super) catalog: &'a Catalog,
}

pub(super) fn set(state: &mut State, entry: &Entry, base: u64, new: New<'_>) -> Outcome {
    let current = state.spec.as_ref().map_or(0, |s| s.generation);
    if let Some(old) = &state.spec {
        if old.spec == *new.spec && old.catalog == *new.catalog {
            return Ok(Reply::Generation { generation: current, changed: false });
        }
        if base != current {
            return Err(Refusal::SpecConflict { base, current, by: old.by.clone() });
        }
    }
    if let Some(text) = state.refuse_return(new.spec) {
        return Err(Refusal::SpecChange { text });
    }
    replace(state, entry.at, &entry.by, new);
    let generation = current + 1;
    state.note(entry.at, &entry.by, EventKind::Spec, format!("spec {generation} applied"));
    Ok(Reply::Generation { generation, changed: true })
}

pub(super) fn remove_machine(state: &mut State, at: Time, by: &str, (name, base): (&MachineName, u64)) -> Outcome {
    let Some(record) = state.spec.clone() else { return State::missing("machine", name) };
    if !record.spec.machines.iter().any(|m| m.name == *name) {
        return State::missing("machine", name);
    }
    if base != 0 && base != record.generation {
        return Err(Refusal::SpecConflict { base, current: record.generation, by: record.by });
    }
    let spec = record.spec.without(name);
    let told = format!("# {name} was removed by {by}: applied as it is, this file would bring it back");
    let text = format!("{told}.\n{}", record.text);
    replace(state, at, by, New { text: &text, spec: &spec, catalog: &record.catalog });
    state.note(at, by, EventKind::Machine, format!("{name} is to leave the site"));
    Ok(Reply::Done)
}

pub(super) fn replace(state: &mut State, at: Time, by: &str, new: New<'_>) {
    let generation = state.spec.as_ref().map_or(0, |s| s.generation) + 1;
    if let Some(old) = state.spec.take() {
        state.history.push(SpecNote { generation: old.generation, at: old.at, by: old.by, text: old.text });
        let surplus = state.history.len().saturating_sub(HISTORY);
        state.history.drain(..surplus);
    }
    assign(&mut state.machines, new.spec);
    state.healing.forget_unnamed(new.spec);
    let (spec, catalog) = (new.spec.clone(), new.catalog.clone());
    state.spec = Some(SpecRecord { generation, at, by: by.to_owned(), text: new.text.to_owned(), spec, catalog });
    state.revision += 1;
}
