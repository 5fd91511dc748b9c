//! The components that steps have converged, looked at again: this is how drift is seen and how "done" is known.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all};
use ha_domain::report::ComponentState;
use ha_domain::step::{Action, Component};

use super::looking;
use crate::execute::{self, Probe};
use crate::machine::Machine;
use crate::repair::{self, Tended};
use crate::steps::show;

/// How often a component is looked at: by what a look costs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Files, whose digests are remembered, systemd, and pages of this machine.
    Near,
    /// A program is started for it, or many files are asked for.
    Program,
    /// The API server is asked, which every master's agent does at once.
    Cluster,
}

impl Pace {
    /// All of them.
    pub(super) const ALL: [Self; 3] = [Self::Near, Self::Program, Self::Cluster];

    /// From one look to the next.
    pub(super) fn period(self) -> Duration {
        Duration::from_secs(match self {
            Self::Near => 3,
            Self::Program => 15,
            Self::Cluster => 30,
        })
    }

    /// `None` where looking again could tell nothing: what is history stays as it was.
    fn of(component: Component) -> Option<Self> {
        match component {
            Component::Preflight
            | Component::JoinCredentials
            | Component::JogetSetup
            | Component::Acceptance
            | Component::Drain
            | Component::OutOfService
            | Component::RemoveNode
            | Component::Reset
            | Component::Echo => None,
            Component::Time
            | Component::Haproxy
            | Component::Keepalived
            | Component::Containerd
            | Component::Kubernetes
            | Component::Database
            | Component::NfsServer => Some(Self::Near),
            Component::Base
            | Component::Firewall
            | Component::Images
            | Component::Coordinator
            | Component::DatabaseAccess
            | Component::DatabaseBackup
            | Component::EtcdSnapshots => Some(Self::Program),
            Component::Node
            | Component::Network
            | Component::NodeLabels
            | Component::Ingress
            | Component::IngressTls
            | Component::Volume
            | Component::Joget => Some(Self::Cluster),
        }
    }
}

/// Looks at every component of this pace that nothing works on; repairs what it may. All at once: one that is being repaired
/// keeps the others waiting for nothing.
pub(super) async fn look(machine: Arc<Machine>, pace: Pace) {
    let wanted = machine.wanted.all();
    let due = wanted.values().filter(|a| Pace::of(a.component()) == Some(pace));
    join_all(due.filter(|a| !machine.is_occupied(a.component())).map(|action| again(&machine, action))).await;
}

/// The first look after a start: history is taken from the record.
pub(super) async fn first(machine: Arc<Machine>) {
    for (component, action) in machine.wanted.all() {
        if Pace::of(component).is_none() {
            show(&machine, &action, ComponentState::Converged, kept(&machine, component));
        } else if let Some((state, facts)) = seen(&machine, &action).await {
            show(&machine, &action, state, facts);
        }
    }
}

/// A drift that the agent repairs is never reported as one: the leader would plan a step for what is done already.
fn again<'a>(machine: &'a Arc<Machine>, action: &'a Action) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let component = action.component();
        let Some((state, facts)) = seen(machine, action).await else { return };
        let (state, facts) = match state {
            ComponentState::Converged => {
                repair::settled(machine, component);
                (state, facts)
            }
            ComponentState::Drifted { what } => match repair::tend(machine, action, &what).await {
                Tended::Healed(facts) => (ComponentState::Converged, facts),
                Tended::Left => (ComponentState::Drifted { what }, facts),
                Tended::Pending => return,
            },
            ComponentState::Unknown { .. } => (state, facts),
        };
        // A step may have begun meanwhile, which will show what it made.
        if !machine.is_occupied(component) {
            show(machine, action, state, facts);
        }
    })
}

/// What a look shows; `None` when something began to work on it meanwhile: that would tell of a state in between.
async fn seen(machine: &Arc<Machine>, action: &Action) -> Option<(ComponentState, BTreeMap<String, String>)> {
    let seen = looking(machine, async |cx| execute::probe(action, cx).await).await;
    if machine.is_occupied(action.component()) {
        return None;
    }
    Some(match seen {
        Ok(Probe::Converged(facts)) => (ComponentState::Converged, facts),
        Ok(Probe::Differs(what)) => (ComponentState::Drifted { what }, kept(machine, action.component())),
        Err(error) => (ComponentState::Unknown { why: error.to_string() }, kept(machine, action.component())),
    })
}

/// Findings of the last good look.
fn kept(machine: &Machine, component: Component) -> BTreeMap<String, String> {
    machine.report().components.get(&component).map(|c| c.facts.clone()).unwrap_or_default()
}
