//! The folder that Joget's replicas share, by its kind.

use super::scene::Scene;
use super::{DataLoss, LayerKind, LayerLoss, Verdict};
use crate::spec::{Machine, Role, Spec, StorageKind};

pub(super) fn storage(scene: &Scene<'_, '_>) -> (LayerLoss, Option<DataLoss>) {
    let spec = scene.world.spec;
    match spec.storage.kind {
        StorageKind::Shared => (outside("a directory that the site brings to every worker"), None),
        StorageKind::Nfs => match nfs_machine(spec) {
            Some(machine) => on(scene, machine, &format!("nfs from {}", machine.name)),
            None => (outside("nfs from a server that the site brings"), None),
        },
        StorageKind::Local => match local_machine(spec) {
            Some(machine) => on(scene, machine, &format!("a directory on {}", machine.name)),
            None => (outside("a directory on a worker, and there is none"), None),
        },
    }
}

/// The worker that has the folder with `local`: the first of the spec, as the volume is made for it.
pub(super) fn local_machine(spec: &Spec) -> Option<&Machine> {
    spec.machines_with(Role::Worker).next()
}

/// The machine of the spec that serves the folder with `nfs`, unless the site brings a server.
fn nfs_machine(spec: &Spec) -> Option<&Machine> {
    match &spec.storage.server {
        None => spec.machines_with(Role::Storage).next(),
        Some(server) => {
            let named = spec.machine(server.as_str());
            named.or_else(|| server.address().and_then(|address| spec.machine_at(address)))
        }
    }
}

/// No machine of the spec carries it.
fn outside(what: &str) -> LayerLoss {
    LayerLoss {
        layer: LayerKind::Storage,
        verdict: Verdict::Holds,
        left: Vec::new(),
        votes: None,
        tolerates: None,
        detail: format!("{what}; it hangs on no machine of the spec"),
    }
}

fn on(scene: &Scene<'_, '_>, machine: &Machine, what: &str) -> (LayerLoss, Option<DataLoss>) {
    let name = &machine.name;
    let left = scene.left([machine], |_| true);
    let (verdict, detail, data) = if left.is_empty() {
        let detail =
            format!("{what} is not there; if {name} never returns, Joget's files are gone: they have no backup");
        let gone = "Joget's uploads and settings (they have no backup)".to_owned();
        let data = DataLoss { layer: LayerKind::Storage, window_ms: None, detail: gone };
        (Verdict::Lost, detail, Some(data))
    } else {
        (Verdict::Holds, format!("{what} alone; {name} may not be lost"), None)
    };
    (LayerLoss { layer: LayerKind::Storage, verdict, left, votes: None, tolerates: Some(0), detail }, data)
}
