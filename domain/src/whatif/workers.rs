//! Workers, each with an ingress of its own on ports 80 and 443.

use super::scene::Scene;
use super::told;
use super::words::tolerance;
use super::{LayerKind, LayerLoss, Verdict};
use crate::id::MachineName;
use crate::spec::Role;

pub(super) fn workers(scene: &Scene<'_, '_>) -> LayerLoss {
    let all = scene.world.spec.workers().len();
    let left = serving(scene);
    let verdict = match left.len() {
        0 => Verdict::Lost,
        n if n < all => Verdict::Degraded,
        _ => Verdict::Holds,
    };
    let tolerates = left.len().saturating_sub(1);
    let then = match verdict {
        Verdict::Lost => "nothing takes the users' requests and no pod of Joget has a place".to_owned(),
        Verdict::Degraded | Verdict::Holds => tolerance(tolerates),
    };
    let detail = format!("{} of {all} workers with the ingress left; {then}", left.len());
    LayerLoss { layer: LayerKind::Workers, verdict, left, votes: None, tolerates: Some(tolerates), detail }
}

/// Workers that are there then and Ready; where no API server tells, all that are there.
pub(super) fn serving(scene: &Scene<'_, '_>) -> Vec<MachineName> {
    let nodes = told::nodes(scene.world);
    let workers = scene.world.spec.machines_with(Role::Worker);
    scene.left(workers, |m| nodes.is_none_or(|n| n.get(m.name.as_str()).is_some_and(|node| node.ready)))
}
