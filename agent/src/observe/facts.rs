//! The machine itself.

use std::sync::Arc;

use crate::machine::Machine;

/// Facts and load. What cannot be read keeps its last value: unknown is not changed.
pub(super) async fn look(machine: Arc<Machine>) {
    let (facts, load) = (machine.host.facts().await, machine.host.load().await);
    machine.see(|report| {
        match facts {
            Ok(facts) => report.facts = facts,
            Err(error) => tracing::debug!(%error, "facts"),
        }
        match load {
            Ok(load) => report.load = load,
            Err(error) => tracing::debug!(%error, "load"),
        }
        report.unfinished = machine.journal.unfinished().into_iter().map(|b| b.step).collect();
    });
}
