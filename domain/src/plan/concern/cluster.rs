//! What is applied to the cluster through any of its control planes: pod network, labels, ingress controller.

use std::collections::BTreeMap;

use super::super::wish::Wish;
use super::super::world::World;
use super::balance::INGRESS_HEALTH_PORT;
use crate::spec::Role;
use crate::step::{Action, Component, Ingress, Network, NodeLabels};

/// A wish that any working control plane can fulfil; while there is none, the reason.
pub(super) fn through(world: &World<'_>, action: Action) -> Wish {
    let working = world.working_control_planes();
    let wish = Wish::through(&working, action);
    wish.unless(working.is_empty().then(|| "the cluster is not begun yet".to_owned()))
}

pub(in super::super) fn network(world: &World<'_>) -> Vec<Wish> {
    let Ok(parts) = world.components() else { return Vec::new() };
    let network = Network {
        pod_subnet: world.spec.kubernetes.pod_subnet.to_string(),
        flannel_image: parts.flannel.as_str().to_owned(),
        cni_plugin_image: parts.flannel_cni_plugin.as_str().to_owned(),
    };
    vec![through(world, Action::Network(network))]
}

/// Labels, once every node that can join has joined.
pub(in super::super) fn node_labels(world: &World<'_>) -> Vec<Wish> {
    let missing = world.spec.nodes().find(|m| !world.is_converged(&m.name, Component::Node));
    let nodes = world.spec.nodes().map(|m| (m.name.to_string(), labels(m))).collect();
    let wish = through(world, Action::NodeLabels(NodeLabels { nodes }));
    vec![wish.unless(missing.map(|m| format!("{} is no node yet", m.name)))]
}

fn labels(machine: &crate::spec::Machine) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    if machine.role == Role::Worker {
        labels.insert("node-role.kubernetes.io/worker".to_owned(), String::new());
    }
    if let Some(zone) = &machine.zone {
        labels.insert("topology.kubernetes.io/zone".to_owned(), zone.clone());
    }
    if let Some(hypervisor) = &machine.hypervisor {
        labels.insert("ha-mesh/hypervisor".to_owned(), hypervisor.clone());
    }
    labels
}

pub(in super::super) fn ingress(world: &World<'_>) -> Vec<Wish> {
    let Ok(parts) = world.components() else { return Vec::new() };
    let ingress = Ingress {
        image: parts.traefik.as_str().to_owned(),
        trusted_proxies: world.spec.balancers().iter().map(|m| m.address).collect(),
        health_port: INGRESS_HEALTH_PORT,
        // Applied early, so that its pods start with the workers; the acceptance test waits for them.
        workers: 0,
    };
    vec![through(world, Action::Ingress(ingress))]
}
