//! Components that are not as their last step left them: brought back by the action that made them, where that is this
//! machine's own affair.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use ha_domain::step::{Action, Component};

use super::{Attempt, Subject, attempt, forget_left, hung, leave};
use crate::execute::{self, ActError, Context, Credentials};
use crate::machine::Machine;
use crate::observe::NoMesh;

/// What became of a component that differs.
pub(crate) enum Tended {
    /// It is as wanted again, with these findings.
    Healed(BTreeMap<String, String>),
    /// Its process hangs and is about to be ended: a step would only wait for it.
    Pending,
    /// It differs still: a step is needed.
    Left,
}

/// Whether its action may be carried out by the agent alone: it concerns this machine only, does the same when it is done
/// twice, and does without a secret at least as long as its secret files are there.
fn is_local(component: Component) -> bool {
    match component {
        // Files, packages and units of this machine; what differs is put back, what runs is told of it.
        Component::Base
        | Component::Time
        | Component::Firewall
        | Component::Haproxy
        | Component::Keepalived
        | Component::Containerd
        | Component::Kubernetes
        | Component::Database
        | Component::NfsServer => true,
        // Gigabytes may have to come through the site's uplink: in its turn, which the planner knows.
        Component::Images => false,
        // They join something: that needs secrets, and others have to be ready for it.
        Component::Coordinator | Component::Node | Component::JoinCredentials => false,
        // They are in the cluster or in the database, and not of this machine: another one may be at it as well.
        Component::Network
        | Component::NodeLabels
        | Component::Ingress
        | Component::IngressTls
        | Component::DatabaseAccess
        | Component::Volume
        | Component::Joget
        | Component::JogetSetup => false,
        // To set them up takes one, as long as that may take; when one is due `schedule.rs` takes it in any case.
        Component::DatabaseBackup | Component::EtcdSnapshots => false,
        // History: there is nothing to bring back.
        Component::Preflight
        | Component::Acceptance
        | Component::Drain
        | Component::OutOfService
        | Component::RemoveNode
        | Component::Reset
        | Component::Echo => false,
    }
}

/// A component differs from what `action` wants: repairs it if that is the agent's to do.
pub(crate) async fn tend(machine: &Arc<Machine>, action: &Action, what: &str) -> Tended {
    let component = action.component();
    if hung::covers(machine, component).await {
        return Tended::Pending;
    }
    // A step that failed wants something else than what is noted: to bring that back would undo what the next try needs.
    if !is_local(component) || machine.is_at_work() || !machine.is_settled_on(action) {
        return Tended::Left;
    }
    let subject = Subject::Component(component);
    let reason = (action.digest(), what.to_owned());
    if machine.repairs.lock().left.get(&component) == Some(&reason) {
        return Tended::Left;
    }
    if let Some(unit) = disabled_unit(machine, component).await {
        leave(machine, &subject, what, &format!("{unit} was disabled, by a person"));
        return Tended::Left;
    }
    match attempt(machine, &subject, what, ensure(machine, action)).await {
        Attempt::Tried(Ok(facts)) => Tended::Healed(facts),
        Attempt::Tried(Err(ActError::MissingCredential(_))) => {
            machine.repairs.lock().left.insert(component, reason);
            Tended::Left
        }
        Attempt::Tried(Err(_)) | Attempt::NotNow => Tended::Left,
    }
}

/// A component is as wanted: whatever was said of it before is over.
pub(crate) fn settled(machine: &Machine, component: Component) {
    machine.repairs.lock().left.remove(&component);
    forget_left(machine, &Subject::Component(component));
}

/// Boxed for the same reason as in `steps.rs`.
fn ensure<'a>(machine: &'a Machine, action: &'a Action) -> BoxFuture<'a, Result<BTreeMap<String, String>, ActError>> {
    Box::pin(async move {
        let credentials = Credentials::new();
        let progress = |line: String| tracing::info!(line, "repair");
        let cx = Context {
            host: &*machine.host,
            ledger: &machine.ledger,
            credentials: &credentials,
            mesh: &NoMesh,
            progress: &progress,
        };
        execute::ensure(action, &cx).await
    })
}

/// A unit of the component that does not start at boot. Steps enable what they start, so a person has disabled it; an action
/// would enable it again. One whose file was deleted does not start at boot either: that is drift like any other.
async fn disabled_unit(machine: &Machine, component: Component) -> Option<String> {
    let of_it = |name: &String| runs(component).iter().any(|n| name.starts_with(n));
    for name in machine.ledger.owned_units().into_iter().filter(of_it) {
        let unit = machine.host.unit(&name).await.ok()?;
        if !unit.enabled && unit.active != "absent" && has_file(machine, &name).await {
            return Some(name);
        }
    }
    None
}

async fn has_file(machine: &Machine, unit: &str) -> bool {
    for folder in ["/etc/systemd/system", "/lib/systemd/system"] {
        if matches!(machine.host.stat(&Path::new(folder).join(unit)).await, Ok(Some(_))) {
            return true;
        }
    }
    false
}

/// How the units of a component that the agent may repair begin.
fn runs(component: Component) -> &'static [&'static str] {
    match component {
        Component::Time => &["chrony"],
        Component::Firewall => &["ha-mesh-firewall"],
        Component::Haproxy => &["haproxy"],
        Component::Keepalived => &["keepalived"],
        Component::Containerd => &["containerd"],
        Component::Kubernetes => &["kubelet"],
        Component::Database => &["mariadb", "postgresql"],
        Component::NfsServer => &["nfs-"],
        Component::Base
        | Component::Preflight
        | Component::Images
        | Component::Coordinator
        | Component::Node
        | Component::JoinCredentials
        | Component::Network
        | Component::NodeLabels
        | Component::Ingress
        | Component::IngressTls
        | Component::DatabaseAccess
        | Component::DatabaseBackup
        | Component::Volume
        | Component::Joget
        | Component::JogetSetup
        | Component::EtcdSnapshots
        | Component::Acceptance
        | Component::Drain
        | Component::OutOfService
        | Component::RemoveNode
        | Component::Reset
        | Component::Echo => &[],
    }
}
