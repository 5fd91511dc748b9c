//! What control planes that are heard now say of the cluster. What is lost in the question still tells: it says how things
//! stand today.

use std::collections::BTreeMap;

use super::scene::is_here;
use crate::plan::World;
use crate::report::{EtcdReport, KubernetesReport, NodeStatus, PodStatus};
use crate::spec::Role;

/// The pod label of Joget.
const JOGET: &str = "joget";

/// Every view of the cluster that counts today.
pub(super) fn views<'a>(world: &World<'a>) -> Vec<&'a KubernetesReport> {
    let here = world.spec.machines_with(Role::ControlPlane).filter(|m| is_here(world, &m.name));
    here.filter_map(|m| world.report(&m.name)?.kubernetes.as_ref()).collect()
}

/// The fullest view of an API server that is ready; `None` where none tells.
fn best<'a>(world: &World<'a>) -> Option<&'a KubernetesReport> {
    let listing = views(world).into_iter().filter(|k| !k.nodes.is_empty());
    listing.max_by_key(|k| (k.api_ready == Some(true), k.nodes.len()))
}

/// The nodes; `None` where no API server tells.
pub(super) fn nodes<'a>(world: &World<'a>) -> Option<&'a BTreeMap<String, NodeStatus>> {
    best(world).map(|k| &k.nodes)
}

/// Joget's pods by name; `None` where no API server tells.
pub(super) fn joget_pods<'a>(world: &World<'a>) -> Option<Vec<(&'a str, &'a PodStatus)>> {
    let pods = best(world)?.pods.iter().filter(|(_, p)| p.app == JOGET && !p.node.is_empty());
    Some(pods.map(|(name, pod)| (name.as_str(), pod)).collect())
}

/// etcd as a member sees it that is a part of the quorum, else as any member does; `None` where none tells. Of two that
/// differ it is the one with more voters: a larger group needs more of them.
pub(super) fn etcd<'a>(world: &World<'a>) -> Option<&'a EtcdReport> {
    let told = views(world).into_iter().filter_map(|k| k.etcd.as_ref()).filter(|e| !e.members.is_empty());
    told.max_by_key(|e| (e.healthy, e.members.values().filter(|m| !m.learner).count()))
}
