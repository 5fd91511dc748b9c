//! What every machine has before it becomes anything: packages, host name, hosts file, and on nodes kernel settings and no swap.
//!
//! Knows nothing of the services that come on top.

mod hosts;
mod kernel;
mod swap;

use std::path::Path;

use ha_domain::spec::Role;
use ha_domain::step::Base;

use super::{ActError, Context, Probe, distro, rendered};
use crate::host::{Command, NewFile};
use crate::ledger::Owned;

/// Packages of the machine's role, and what it needs to mount NFS.
async fn packages(a: &Base, cx: &Context<'_>) -> Result<Vec<&'static str>, ActError> {
    let distribution = distro::of(cx).await?;
    let mut packages = distribution.packages(a.role);
    if a.nfs_client {
        packages.extend(distribution.nfs_client);
    }
    Ok(packages)
}

/// Whether the kernel is prepared for containers: also on a spare, which takes a node's place.
fn for_containers(role: Role) -> bool {
    match role {
        Role::ControlPlane | Role::Worker | Role::Spare => true,
        Role::LoadBalancer | Role::Database | Role::Storage => false,
    }
}

/// Looks at each part in turn.
pub(super) async fn probe(a: &Base, cx: &Context<'_>) -> Result<Probe, ActError> {
    let missing = cx.host.missing_packages(&packages(a, cx).await?).await?;
    if !missing.is_empty() {
        return Ok(Probe::Differs(format!("not installed: {}", missing.join(" "))));
    }
    let mut wrong = vec![host_name_trouble(a, cx).await?, hosts::trouble(cx, &a.hosts).await?];
    if for_containers(a.role) {
        wrong.push(kernel::trouble(cx).await?);
    }
    if a.swap_off {
        wrong.push(swap::trouble(cx).await?);
    }
    Ok(wrong.into_iter().flatten().next().map_or_else(Probe::converged, Probe::Differs))
}

/// Converges each part; every one of them is the same when done twice.
pub(super) async fn act(a: &Base, cx: &Context<'_>) -> Result<(), ActError> {
    distro::install(cx, &packages(a, cx).await?).await?;
    set_host_name(a, cx).await?;
    hosts::put(cx, &a.hosts).await?;
    if for_containers(a.role) {
        kernel::prepare(cx).await?;
    }
    if a.swap_off {
        swap::off(cx).await?;
    }
    Ok(())
}

const HOST_NAME: &str = "/etc/hostname";

async fn host_name_trouble(a: &Base, cx: &Context<'_>) -> Result<Option<String>, ActError> {
    for path in [HOST_NAME, "/proc/sys/kernel/hostname"] {
        let name = cx.host.read(Path::new(path)).await?.unwrap_or_default();
        if String::from_utf8_lossy(&name).trim() != a.hostname {
            return Ok(Some(format!("{path} is not {}", a.hostname)));
        }
    }
    Ok(None)
}

async fn set_host_name(a: &Base, cx: &Context<'_>) -> Result<(), ActError> {
    if host_name_trouble(a, cx).await?.is_none() {
        return Ok(());
    }
    cx.ledger.own_file(cx.host, Path::new(HOST_NAME), Owned::File).await?;
    let content = format!("{}\n", a.hostname);
    cx.host.write(NewFile { path: Path::new(HOST_NAME), content: content.as_bytes(), mode: 0o644 }).await?;
    rendered::run_ok(cx, Command::new("hostname", &[&a.hostname])).await?;
    Ok(())
}
