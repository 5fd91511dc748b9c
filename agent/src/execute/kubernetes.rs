//! kubeadm, kubelet and kubectl with the kubelet's unit as kubeadm expects it; etcdctl and etcdutl on control planes.
//!
//! Makes no node: the unit waits for the configuration that kubeadm writes.

use std::path::{Path, PathBuf};

use ha_domain::catalog::Artifact;
use ha_domain::id::Digest;
use ha_domain::step::{Component, KubernetesBinaries};
use minijinja::context;

use super::rendered::{self, is_current, put_validated, render, template};
use super::{ActError, Context, Probe, artifact, distro};
use crate::host::{NewFile, UnitVerb, Unpack};
use crate::ledger::Owned;

const UNIT: &str = "kubelet.service";
const BIN: &str = "/usr/local/bin";
/// Which Kubernetes is installed, for actions that are not told.
const VERSION: &str = "/var/lib/ha-mesh/kubernetes-version";
const ETCD_TOOLS: [&str; 2] = ["etcdctl", "etcdutl"];
const DROP_IN: &str = "/etc/systemd/system/kubelet.service.d/10-kubeadm.conf";

/// The installed version, for example `1.36.3`; empty where there is none.
pub(super) async fn installed_version(cx: &Context<'_>) -> Result<String, ActError> {
    let text = cx.host.read(Path::new(VERSION)).await?.unwrap_or_default();
    Ok(String::from_utf8_lossy(&text).trim().to_owned())
}

pub(super) async fn probe(action: &KubernetesBinaries, cx: &Context<'_>) -> Result<Probe, ActError> {
    if !rendered::is_applied(cx, Component::Kubernetes, &version(action)).await? {
        return Ok(Probe::Differs(format!("{} is not installed", action.version)));
    }
    for (name, program) in programs(action) {
        if !is_in_place(cx, name, program).await? {
            return Ok(Probe::Differs(format!("{name} is missing or was replaced")));
        }
    }
    for (path, content) in units()? {
        if !is_current(cx, Path::new(path), content.as_bytes()).await? {
            return Ok(Probe::Differs(format!("{path} was edited")));
        }
    }
    if !cx.host.unit(UNIT).await?.enabled {
        return Ok(Probe::Differs(format!("{UNIT} does not start at boot")));
    }
    Ok(Probe::Converged(distro::facts([("version", action.version.clone())])))
}

pub(super) async fn act(action: &KubernetesBinaries, cx: &Context<'_>) -> Result<(), ActError> {
    tokio::try_join!(install(action, cx), etcd_tools(action, cx))?;
    for (path, content) in units()? {
        put_validated(cx, Path::new(path), content.as_bytes(), 0o644, None).await?;
    }
    cx.host.reload_units().await?;
    cx.ledger.own_unit(cx.host, UNIT).await?;
    cx.host.control(UNIT, UnitVerb::Enable).await?;
    let version_file = NewFile { path: Path::new(VERSION), content: action.version.as_bytes(), mode: 0o644 };
    cx.ledger.own_file(cx.host, version_file.path, Owned::File).await?;
    cx.host.write(version_file).await?;
    rendered::mark_applied(cx, Component::Kubernetes, &version(action)).await
}

fn programs(action: &KubernetesBinaries) -> [(&'static str, &Artifact); 3] {
    [("kubeadm", &action.kubeadm), ("kubelet", &action.kubelet), ("kubectl", &action.kubectl)]
}

/// The three may be one file: it is downloaded once, and acts by the name it is called under.
async fn install(action: &KubernetesBinaries, cx: &Context<'_>) -> Result<(), ActError> {
    let source = &action.source;
    let (kubeadm, kubelet, kubectl) = tokio::try_join!(
        artifact::program(cx, &action.kubeadm, source),
        artifact::program(cx, &action.kubelet, source),
        artifact::program(cx, &action.kubectl, source),
    )?;
    for (name, program) in [("kubeadm", kubeadm), ("kubelet", kubelet), ("kubectl", kubectl)] {
        let link = Path::new(BIN).join(name);
        cx.ledger.own_file(cx.host, &link, Owned::Link).await?;
        cx.host.link(&program, &link).await?;
    }
    Ok(())
}

async fn etcd_tools(action: &KubernetesBinaries, cx: &Context<'_>) -> Result<(), ActError> {
    let Some(etcd) = &action.etcd else { return Ok(()) };
    let archive = artifact::fetch(cx, etcd, &action.source).await?;
    for name in ETCD_TOOLS {
        cx.ledger.own_file(cx.host, &Path::new(BIN).join(name), Owned::File).await?;
    }
    cx.host.unpack(Unpack { archive: &archive, into: Path::new(BIN), members: &ETCD_TOOLS, strip: 1 }).await?;
    artifact::discard(cx, etcd).await
}

/// The file that the link should point to is whole, and the link leads to a file of its size.
async fn is_in_place(cx: &Context<'_>, name: &str, program: &Artifact) -> Result<bool, ActError> {
    let path: PathBuf = artifact::program_path(program)?;
    let (wanted, found) = (cx.host.stat(&path).await?, cx.host.stat(&Path::new(BIN).join(name)).await?);
    Ok(wanted.is_some() && wanted == found && cx.host.digest(&path).await? == program.sha256)
}

fn version(action: &KubernetesBinaries) -> Digest {
    let artifacts = [Some(&action.kubeadm), Some(&action.kubelet), Some(&action.kubectl), action.etcd.as_ref()];
    let mut text = vec![action.version.as_str()];
    text.extend(artifacts.into_iter().flatten().filter_map(|a| a.sha256.as_ref()).map(Digest::as_str));
    Digest::of(text.join("\n").as_bytes())
}

fn units() -> Result<[(&'static str, String); 2], ActError> {
    let c = Component::Kubernetes;
    Ok([
        ("/etc/systemd/system/kubelet.service", render(c, &template!("kubelet.service.j2"), context! {})?),
        (DROP_IN, render(c, &template!("10-kubeadm.conf.j2"), context! {})?),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::rendered::assert_golden;

    #[test]
    fn the_kubelets_unit_and_kubeadms_drop_in_are_the_golden_ones() {
        for ((_, text), golden) in units().unwrap().iter().zip(["kubelet.service", "10-kubeadm.conf"]) {
            assert_golden(golden, text);
        }
    }
}
