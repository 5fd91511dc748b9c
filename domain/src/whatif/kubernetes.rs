//! The Kubernetes API: API servers, with etcd behind them and the api VIP before them.

use super::scene::Scene;
use super::told;
use super::words::tolerance;
use super::{LayerKind, LayerLoss, Verdict};
use crate::spec::{Machine, Role};

pub(super) fn kubernetes(scene: &Scene<'_, '_>, etcd: &LayerLoss, balance: &LayerLoss) -> LayerLoss {
    let left = scene.left(scene.world.spec.machines_with(Role::ControlPlane), |m| serves(scene, m));
    let all = scene.world.spec.control_planes().len();
    let missing = [
        (left.is_empty(), "no API server answers"),
        (etcd.verdict == Verdict::Lost, "etcd has no quorum, so nothing can be changed"),
        (balance.verdict == Verdict::Lost, "nobody holds the api VIP through which nodes and clients ask"),
    ];
    let why: Vec<&str> = missing.iter().filter(|(is, _)| *is).map(|(_, why)| *why).collect();
    let verdict = match (why.is_empty(), left.len() < all) {
        (false, _) => Verdict::Lost,
        (true, true) => Verdict::Degraded,
        (true, false) => Verdict::Holds,
    };
    // It falls with whichever falls first.
    let beside = [etcd.tolerates, balance.tolerates].into_iter().flatten().min().unwrap_or_default();
    let tolerates = left.len().saturating_sub(1).min(beside);
    let then = if why.is_empty() { tolerance(tolerates) } else { format!("{}; running pods go on", why.join(", ")) };
    let detail = format!("{} of {all} API servers left; {then}", left.len());
    LayerLoss { layer: LayerKind::Kubernetes, verdict, left, votes: None, tolerates: Some(tolerates), detail }
}

/// By its own word; where no API server tells anything, all are taken to serve.
fn serves(scene: &Scene<'_, '_>, machine: &Machine) -> bool {
    let told = told::views(scene.world).iter().any(|k| k.api_ready.is_some());
    let ready = scene.report(&machine.name).and_then(|r| r.kubernetes.as_ref()?.api_ready);
    !told || ready == Some(true)
}
