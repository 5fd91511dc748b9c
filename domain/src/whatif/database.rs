//! The database: the first database machine of the spec has it; a second one is not set up as a replica.

use super::scene::{Scene, is_here};
use super::words::{names, span};
use super::{DataLoss, LayerKind, LayerLoss, Verdict};
use crate::id::Time;
use crate::spec::{Machine, Role};

pub(super) fn database(scene: &Scene<'_, '_>) -> (LayerLoss, Option<DataLoss>) {
    let Some(machine) = scene.world.spec.machines_with(Role::Database).next() else {
        return (layer(Verdict::Holds, &[], "the spec has no database machine".to_owned()), None);
    };
    let alive = scene.report(&machine.name).and_then(|r| Some(r.database.as_ref()?.alive));
    let kind = scene.world.spec.database.kind;
    if !scene.has(&machine.name) {
        let loss = data(scene, machine);
        let (name, others) = (&machine.name, others(scene));
        let detail = format!("{kind} ran on {name} alone{others}; if {name} never returns, {} is gone", loss.detail);
        return (layer(Verdict::Lost, &[], detail), Some(loss));
    }
    let name = &machine.name;
    match alive {
        Some(false) => (layer(Verdict::Lost, &[], format!("{kind} on {name} does not answer already")), None),
        Some(true) => {
            let detail = format!("{kind} on {name} alone{}; {name} may not be lost", others(scene));
            (layer(Verdict::Holds, &[machine], detail), None)
        }
        None => {
            let detail = format!("{kind} on {name} alone, which does not tell of it yet; {name} may not be lost");
            (layer(Verdict::Holds, &[machine], detail), None)
        }
    }
}

fn layer(verdict: Verdict, left: &[&Machine], detail: String) -> LayerLoss {
    let left = left.iter().map(|m| m.name.clone()).collect();
    LayerLoss { layer: LayerKind::Database, verdict, left, votes: None, tolerates: Some(0), detail }
}

fn others(scene: &Scene<'_, '_>) -> String {
    let others: Vec<_> = scene.world.spec.machines_with(Role::Database).skip(1).map(|m| &m.name).collect();
    if others.is_empty() { String::new() } else { format!(" ({} does not replicate it)", names(&others)) }
}

/// What no copy has. The last word of a machine that is silent still says when its last backup was.
fn data(scene: &Scene<'_, '_>, machine: &Machine) -> DataLoss {
    let report = scene.world.report(&machine.name);
    let last = report.and_then(|r| r.database.as_ref()?.last_backup);
    let (window_ms, detail) = match (last, has_copies(scene)) {
        (_, Err(why)) => (None, format!("all of it ({why})")),
        (None, Ok(())) => (None, "all of it (no backup is known)".to_owned()),
        (Some(at), Ok(())) => since(scene, at),
    };
    DataLoss { layer: LayerKind::Database, window_ms, detail }
}

fn since(scene: &Scene<'_, '_>, at: Time) -> (Option<u64>, String) {
    let age = scene.world.now.ms_since(at);
    (Some(age), format!("what it took since its last backup {} ago", span(age)))
}

/// Backups lie on the machine itself; copies of them on coordinators.
fn has_copies(scene: &Scene<'_, '_>) -> Result<(), String> {
    let spec = scene.world.spec;
    if spec.database.backups.copies == 0 {
        return Err("its backups are on it alone: database.backups.copies is 0".to_owned());
    }
    let holders = spec.coordinator_machines();
    let gone = |m: &&Machine| scene.lost.contains(&m.name) || !is_here(scene.world, &m.name);
    if holders.iter().all(gone) {
        return Err("the coordinators with the copies of its backups are lost too".to_owned());
    }
    Ok(())
}
