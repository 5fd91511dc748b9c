//! Files that kubeadm made and nobody can make anew without it: static pods, the kubelet's own, kubeconfigs. Of each the
//! last good copy is kept here, and put back when the file is deleted, empty or no longer readable as what it is.
//!
//! A file that was changed and is still valid is never put back: a person who edits a manifest, or kubeadm that renews a
//! certificate or upgrades, knows more than this copy. It is said to differ, and becomes the good copy once the node has
//! been well with it for a while: taken at once, a manifest that its program cannot start with would replace the copy that
//! it could be healed from; never taken, a later deletion would bring back an older Kubernetes.
//!
//! Whoever wants to take one of them away for a while disables the kubelet, or stops the agent.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::report::ComponentState;
use ha_domain::step::{Action, Component};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::{Subject, attempt, forget_left, leave};
use crate::execute::ActError;
use crate::host::{HostError, NewFile};
use crate::ledger::Owned;
use crate::machine::Machine;
use valid::{Kind, why_not};

mod valid;

/// How long a node must have been well with a changed file: the kubelet has tried it several times by then.
const PROOF: Duration = Duration::from_secs(120);
/// Folder of the copies, in the state folder.
const FOLDER: &str = "kubernetes-files";
const INDEX: &str = "index.json";
const KUBELET: &str = "kubelet.service";

/// The files, what they are, and whether only a control plane has them.
const FILES: [(&str, Kind, bool); 10] = [
    ("/etc/kubernetes/manifests/etcd.yaml", Kind::Pod, true),
    ("/etc/kubernetes/manifests/kube-apiserver.yaml", Kind::Pod, true),
    ("/etc/kubernetes/manifests/kube-controller-manager.yaml", Kind::Pod, true),
    ("/etc/kubernetes/manifests/kube-scheduler.yaml", Kind::Pod, true),
    ("/etc/kubernetes/admin.conf", Kind::Kubeconfig, true),
    ("/etc/kubernetes/controller-manager.conf", Kind::Kubeconfig, true),
    ("/etc/kubernetes/scheduler.conf", Kind::Kubeconfig, true),
    ("/etc/kubernetes/kubelet.conf", Kind::Kubeconfig, false),
    ("/var/lib/kubelet/config.yaml", Kind::KubeletConfiguration, false),
    ("/var/lib/kubelet/kubeadm-flags.env", Kind::Variables, false),
];

/// A good copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct GoodCopy {
    digest: Digest,
    mode: u32,
}

/// Copies by the path of their file.
type Index = BTreeMap<String, GoodCopy>;

/// What is remembered between two looks.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// As it is on disk; `None` before it was read.
    index: Option<Index>,
    /// Files that were changed, to what, and when that was first seen.
    changed: BTreeMap<&'static str, (Digest, Instant)>,
}

/// Looks at all of them while this machine is a node and nobody works on that.
pub(super) async fn look(machine: Arc<Machine>) {
    let wanted = machine.wanted.all().remove(&Component::Node);
    let Some(node) = wanted.filter(|node| machine.is_settled_on(node) && !machine.is_at_work()) else {
        machine.repairs.lock().kept = Kept::default();
        return;
    };
    if let Err(error) = all(&machine, &node).await {
        tracing::warn!(%error, "keeping copies of what kubeadm made");
    }
}

async fn all(machine: &Arc<Machine>, node: &Action) -> Result<(), ActError> {
    let control_plane = matches!(node, Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_));
    let mut index = index(machine).await?;
    for (path, kind, _) in FILES.into_iter().filter(|(.., only_masters)| control_plane || !*only_masters) {
        one(machine, &mut index, path, kind).await?;
    }
    Ok(())
}

async fn one(machine: &Arc<Machine>, index: &mut Index, path: &'static str, kind: Kind) -> Result<(), ActError> {
    let (there, copy) = (machine.host.digest(Path::new(path)).await?, index.get(path).cloned());
    if there == copy.as_ref().map(|c| c.digest.clone()) {
        machine.repairs.lock().kept.changed.remove(path);
        forget_left(machine, &Subject::File(path));
        return Ok(());
    }
    let content = machine.host.read(Path::new(path)).await?;
    let wrong = content.as_deref().map_or(Some("was deleted"), |content| why_not(kind, content));
    match (wrong, copy, content) {
        (Some(what), Some(copy), _) => {
            let (subject, what) = (Subject::File(path), format!("it {what}"));
            if machine.host.unit(KUBELET).await?.enabled {
                attempt(machine, &subject, &what, put_back(machine, path, &copy)).await;
            } else {
                leave(machine, &subject, &what, "the kubelet was disabled, by a person");
            }
        }
        // Not good, and there is nothing better.
        (Some(_), None, _) | (None, _, None) => {}
        (None, copy, Some(content)) => {
            let digest = Digest::of(&content);
            if is_proven(machine, path, (&digest, copy.is_some())) {
                keep(machine, index, path, &content).await?;
            } else if copy.is_some() {
                let why = "somebody else changed it; once the node has been well with it, it is kept as it is now";
                leave(machine, &Subject::File(path), "it is not as it was", why);
            }
        }
    }
    Ok(())
}

/// Whether the node is well with the file as it is: a changed one for [`PROOF`].
fn is_proven(machine: &Machine, path: &'static str, (digest, is_changed): (&Digest, bool)) -> bool {
    let well = machine.report().components.get(&Component::Node).is_some_and(|c| c.state == ComponentState::Converged);
    if !is_changed {
        return well;
    }
    let now = Instant::now();
    let mut repairs = machine.repairs.lock();
    let (seen, since) = repairs.kept.changed.entry(path).or_insert_with(|| (digest.clone(), now));
    if !well || seen != digest {
        (*seen, *since) = (digest.clone(), now);
    }
    now.saturating_duration_since(*since) >= PROOF
}

fn folder(machine: &Machine) -> PathBuf {
    machine.state.join(FOLDER)
}

/// `/etc/kubernetes/admin.conf` is `etc_kubernetes_admin.conf` there.
fn place(machine: &Machine, path: &str) -> PathBuf {
    folder(machine).join(path.trim_start_matches('/').replace('/', "_"))
}

/// A damaged index is an empty one: what is there and good is kept anew.
async fn index(machine: &Machine) -> Result<Index, HostError> {
    if let Some(index) = machine.repairs.lock().kept.index.clone() {
        return Ok(index);
    }
    let bytes = machine.host.read(&folder(machine).join(INDEX)).await?.unwrap_or_default();
    let index: Index = serde_json::from_slice(&bytes).unwrap_or_default();
    machine.repairs.lock().kept.index = Some(index.clone());
    Ok(index)
}

/// First the copy, then its line: a copy without one is not believed.
async fn keep(machine: &Machine, index: &mut Index, path: &str, content: &[u8]) -> Result<(), ActError> {
    let Some(stat) = machine.host.stat(Path::new(path)).await? else { return Ok(()) };
    let folder = folder(machine);
    // A reset takes the copies with it: some hold keys.
    machine.ledger.own_file(&*machine.host, &folder, Owned::Dir).await?;
    machine.host.make_dir(&folder, 0o700).await?;
    machine.host.write(NewFile { path: &place(machine, path), content, mode: 0o600 }).await?;
    index.insert(path.to_owned(), GoodCopy { digest: Digest::of(content), mode: stat.mode });
    let json = serde_json::to_vec_pretty(index).unwrap_or_default();
    machine.host.write(NewFile { path: &folder.join(INDEX), content: &json, mode: 0o600 }).await?;
    machine.repairs.lock().kept.index = Some(index.clone());
    Ok(())
}

async fn put_back(machine: &Machine, path: &str, copy: &GoodCopy) -> Result<(), ActError> {
    let content = machine.host.read(&place(machine, path)).await?.unwrap_or_default();
    if Digest::of(&content) != copy.digest {
        return Err(ActError::Refused(format!("the copy of {path} is damaged too; take it from another machine")));
    }
    Ok(machine.host.write(NewFile { path: Path::new(path), content: &content, mode: copy.mode }).await?)
}
