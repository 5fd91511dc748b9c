//! Leftovers of an older cluster or database that are not ours: installing over them would mix two sites or lose data.

use std::path::{Path, PathBuf};

use ha_domain::spec::Role;
use ha_domain::step::Preflight;

use super::Finding;
use crate::execute::{ActError, Context};

/// The check that no setting switches off: what it finds is lost otherwise.
pub(super) const FATAL: &str = "older-cluster";

/// What an older installation leaves, by role. A folder counts when it has something in it.
fn traces(role: Role) -> &'static [&'static str] {
    match role {
        Role::ControlPlane | Role::Worker | Role::Spare => &[
            "/etc/kubernetes/manifests",
            "/etc/kubernetes/kubelet.conf",
            "/etc/kubernetes/pki/ca.key",
            "/etc/kubernetes/admin.conf",
            "/var/lib/etcd/member",
            "/var/lib/rancher",
            "/var/snap/microk8s",
        ],
        Role::Database => &["/var/lib/mysql", "/var/lib/postgresql"],
        Role::LoadBalancer | Role::Storage => &[],
    }
}

pub(super) async fn check(a: &Preflight, cx: &Context<'_>) -> Result<Vec<Finding>, ActError> {
    let mut found = Vec::new();
    for path in traces(a.role).iter().map(Path::new) {
        if is_foreign(cx, path).await? {
            found.push(path.to_owned());
        }
    }
    Ok(if found.is_empty() { Vec::new() } else { vec![finding(a.role, &found)] })
}

/// It is there, has something in it, and neither it nor anything below it is ours.
async fn is_foreign(cx: &Context<'_>, path: &Path) -> Result<bool, ActError> {
    let Some(stat) = cx.host.stat(path).await? else { return Ok(false) };
    if stat.is_dir && cx.host.list(path).await?.is_empty() {
        return Ok(false);
    }
    let below = |e: &crate::ledger::Entry| e.path.starts_with(path);
    Ok(!cx.ledger.owns(path)
        && !cx.ledger.entries().iter().any(below)
        && !cx.ledger.owned_packages().iter().any(|p| made_by(p, path)))
}

/// A server that we installed made its data folder itself.
fn made_by(package: &str, path: &Path) -> bool {
    let folder = match package {
        "mariadb-server" => "/var/lib/mysql",
        "postgresql" => "/var/lib/postgresql",
        _ => return false,
    };
    path == Path::new(folder)
}

/// Can be ignored only where that loses nothing: a database server takes up the data it finds, kubeadm and etcd do not.
fn finding(role: Role, found: &[PathBuf]) -> Finding {
    let list: Vec<_> = found.iter().map(|p| p.display().to_string()).collect();
    let list = list.join(", ");
    match role {
        Role::Database => Finding::refusal(
            "leftovers",
            format!(
                "a database is here already ({list}): move it away, or put `leftovers` into preflight.ignore to take it up"
            ),
        ),
        Role::ControlPlane | Role::Worker | Role::Spare | Role::LoadBalancer | Role::Storage => Finding::refusal(
            FATAL,
            format!(
                "leftovers of an older cluster ({list}): back up what you need, then `kubeadm reset` or a fresh image"
            ),
        ),
    }
}
