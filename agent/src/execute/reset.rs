//! A machine cleaned of what the agent made on it: what its ledger lists and what kubeadm made for it, and nothing else.
//!
//! Done in an order that can be repeated from the start after a crash: each thing is struck out of the ledger once it is gone.

use std::path::Path;
use std::time::Duration;

use ha_domain::step::Reset;

use super::node::{kubeadm, progress};
use super::rendered::last_lines;
use super::{ActError, Context, Probe};
use crate::host::{Command, UnitVerb};

/// Interfaces and tables that the pod network and kube-proxy leave in the kernel.
const INTERFACES: [&str; 2] = ["cni0", "flannel.1"];
const TABLES: [(&str, &str); 4] =
    [("ip", "kube-proxy"), ("ip6", "kube-proxy"), ("ip", "flannel-ipv4"), ("ip6", "flannel-ipv6")];

pub(super) async fn probe(_: &Reset, cx: &Context<'_>) -> Result<Probe, ActError> {
    let (entries, units) = (cx.ledger.entries().len(), cx.ledger.owned_units().len());
    let packages = cx.ledger.owned_packages().len();
    Ok(match entries + units + packages {
        0 => Probe::converged(),
        _ => Probe::Differs(format!("{entries} files and folders, {units} units and {packages} packages are ours")),
    })
}

pub(super) async fn act(_: &Reset, cx: &Context<'_>) -> Result<(), ActError> {
    if progress::read(cx).await?.is_some() {
        kubeadm::dismantle(cx).await?;
        leave_no_network(cx).await?;
        progress::clear(cx).await?;
    }
    for unit in cx.ledger.owned_units().iter().rev() {
        (cx.progress)(format!("stopping {unit}"));
        cx.host.control(unit, UnitVerb::Stop).await?;
        cx.host.control(unit, UnitVerb::Disable).await?;
    }
    remove_packages(cx).await?;
    for entry in cx.ledger.entries().iter().rev() {
        (cx.progress)(format!("taking back {}", entry.path.display()));
        cx.ledger.undo(cx.host, entry).await?;
    }
    // What was noted of programs that are gone.
    cx.host.remove(&cx.ledger.state_dir().join("applied")).await?;
    cx.host.reload_units().await?;
    for unit in cx.ledger.owned_units() {
        cx.ledger.forget_unit(cx.host, &unit).await?;
    }
    Ok(())
}

/// What is not there is as good as gone.
async fn leave_no_network(cx: &Context<'_>) -> Result<(), ActError> {
    for interface in INTERFACES {
        if cx.host.stat(&Path::new("/sys/class/net").join(interface)).await?.is_some() {
            cx.host.run(Command::new("ip", &["link", "delete", interface])).await?;
        }
    }
    for (family, table) in TABLES {
        cx.host.run(Command::new("nft", &["delete", "table", family, table])).await?;
    }
    Ok(())
}

/// Removed, not purged: what a package's own data is, it keeps.
async fn remove_packages(cx: &Context<'_>) -> Result<(), ActError> {
    let packages = cx.ledger.owned_packages();
    if packages.is_empty() {
        return Ok(());
    }
    (cx.progress)(format!("removing the packages {}", packages.join(" ")));
    let names: Vec<&str> = packages.iter().map(String::as_str).collect();
    let args = [&["remove", "--yes", "--quiet", "--option=DPkg::Lock::Timeout=300", "--"], names.as_slice()].concat();
    let command =
        Command::new("apt-get", &args).env("DEBIAN_FRONTEND", "noninteractive").timeout(Duration::from_secs(300));
    let output = cx.host.run(command).await?;
    if !output.ok() {
        let said = last_lines(&output.stderr);
        return Err(ActError::Program { program: "apt-get remove".to_owned(), code: output.code, said });
    }
    Ok(cx.ledger.forget_packages(cx.host, &names).await?)
}
