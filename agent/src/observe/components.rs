//! The components that steps have converged, looked at again: this is how drift is seen and how "done" is known.

use std::sync::Arc;

use ha_domain::report::ComponentState;
use ha_domain::step::{Action, Component};

use super::looking;
use crate::execute::{self, Probe};
use crate::machine::Machine;
use crate::steps::show;

/// Whether looking again could tell anything: what is history stays as it was.
fn is_history(component: Component) -> bool {
    match component {
        Component::Preflight
        | Component::JoinCredentials
        | Component::JogetSetup
        | Component::Acceptance
        | Component::Drain
        | Component::RemoveNode
        | Component::Reset
        | Component::Echo => true,
        Component::Base
        | Component::Time
        | Component::Firewall
        | Component::Haproxy
        | Component::Keepalived
        | Component::Containerd
        | Component::Kubernetes
        | Component::Images
        | Component::Coordinator
        | Component::Node
        | Component::Network
        | Component::NodeLabels
        | Component::Ingress
        | Component::IngressTls
        | Component::Database
        | Component::DatabaseAccess
        | Component::DatabaseBackup
        | Component::NfsServer
        | Component::Volume
        | Component::Joget
        | Component::EtcdSnapshots => false,
    }
}

/// Looks at every component that no step works on.
pub(super) async fn look(machine: Arc<Machine>) {
    for (component, action) in machine.wanted.all() {
        if !is_history(component) && !machine.is_occupied(component) {
            one(&machine, &action).await;
        }
    }
}

/// The first look after a start: history is taken from the record.
pub(super) async fn first(machine: Arc<Machine>) {
    for (component, action) in machine.wanted.all() {
        if is_history(component) {
            show(&machine, &action, ComponentState::Converged, kept(&machine, component));
        } else {
            one(&machine, &action).await;
        }
    }
}

async fn one(machine: &Arc<Machine>, action: &Action) {
    let seen = looking(machine, async |cx| execute::probe(action, cx).await).await;
    // A step may have begun meanwhile: what was seen is then a state in between.
    if machine.is_occupied(action.component()) {
        return;
    }
    let (state, facts) = match seen {
        Ok(Probe::Converged(facts)) => (ComponentState::Converged, facts),
        Ok(Probe::Differs(what)) => (ComponentState::Drifted { what }, kept(machine, action.component())),
        Err(error) => (ComponentState::Unknown { why: error.to_string() }, kept(machine, action.component())),
    };
    show(machine, action, state, facts);
}

/// Findings of the last good look.
fn kept(machine: &Machine, component: Component) -> std::collections::BTreeMap<String, String> {
    machine.report().components.get(&component).map(|c| c.facts.clone()).unwrap_or_default()
}
