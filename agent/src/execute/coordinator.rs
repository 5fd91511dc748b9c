//! A replica of the coordinator on this machine: its package out of the mesh, then a join with a string of one use.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::step::{Component, CoordinatorReplica, CredentialKind};

use super::rendered::{self, last_lines};
use super::service::{self, Wait};
use super::{ActError, Context, Probe, distro};
use crate::host::{Command, HttpRequest, Tls, UnitVerb};
use crate::ledger::Owned;

const UNIT: &str = "ha-coordinator.service";
const PROGRAM: &str = "/usr/bin/ha-coordinator";
const CERTIFICATE: &str = "/etc/ha-mesh/coordinator.pem";
const HEALTH: &str = "http://127.0.0.1:7409/healthz";
const PACKAGES: &str = "/var/lib/ha-mesh/packages";
/// What the program makes when it joins: keys above all, which must not stay on a machine that leaves.
const MADE: [(&str, Owned); 6] = [
    (CERTIFICATE, Owned::File),
    ("/etc/ha-mesh/coordinator.key", Owned::File),
    ("/etc/ha-mesh/coordinator.host", Owned::File),
    ("/etc/ha-mesh/seal.key", Owned::File),
    ("/var/lib/ha-mesh/coordinator", Owned::Dir),
    ("/var/lib/ha-mesh/share", Owned::Dir),
];

pub(super) async fn probe(action: &CoordinatorReplica, cx: &Context<'_>) -> Result<Probe, ActError> {
    if !rendered::is_applied(cx, Component::Coordinator, &action.package).await? {
        return Ok(Probe::Differs(format!("version {} is not installed", action.version)));
    }
    if cx.host.stat(Path::new(CERTIFICATE)).await?.is_none() {
        return Ok(Probe::Differs("it has not joined the others".to_owned()));
    }
    if let Some(trouble) = service::trouble(cx, UNIT).await? {
        return Ok(Probe::Differs(trouble));
    }
    Ok(match health(cx).await? {
        Ok(()) => Probe::Converged(distro::facts([("version", action.version.clone())])),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &CoordinatorReplica, cx: &Context<'_>) -> Result<(), ActError> {
    let is_new = !rendered::is_applied(cx, Component::Coordinator, &action.package).await?;
    if is_new {
        install(action, cx).await?;
    }
    if cx.host.stat(Path::new(CERTIFICATE)).await?.is_none() {
        join(action, cx).await?;
    }
    if is_new {
        service::bring(cx, UNIT, UnitVerb::Restart).await?;
        rendered::mark_applied(cx, Component::Coordinator, &action.package).await?;
    } else {
        service::start(cx, UNIT).await?;
    }
    let wait = Wait::new(120, Duration::from_millis(300), "the coordinator to take part");
    while let Err(last) = health(cx).await? {
        wait.again(last).await?;
    }
    Ok(())
}

async fn health(cx: &Context<'_>) -> Result<Result<(), String>, ActError> {
    let request = HttpRequest {
        method: "GET",
        url: HEALTH,
        connect: None,
        headers: Vec::new(),
        body: Vec::new(),
        tls: Tls::default(),
        timeout: Duration::from_secs(3),
    };
    Ok(match cx.host.http(request).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("the coordinator is not healthy: {}", String::from_utf8_lossy(&answer.body).trim())),
        Err(error) => Err(format!("the coordinator does not answer: {error}")),
    })
}

async fn install(action: &CoordinatorReplica, cx: &Context<'_>) -> Result<(), ActError> {
    let package = fetch(&action.package, cx).await?;
    (cx.progress)(format!("installing ha-coordinator {}", action.version));
    cx.ledger.own_packages(cx.host, &["ha-coordinator"]).await?;
    let wait = Wait::new(300, Duration::from_secs(1), "the package manager, which somebody else uses");
    while let Err(last) = dpkg(cx, &package).await? {
        wait.again(last).await?;
    }
    Ok(cx.host.remove(&package).await?)
}

/// The package, whole; the mesh's word for it is not taken.
async fn fetch(package: &Digest, cx: &Context<'_>) -> Result<PathBuf, ActError> {
    let path = Path::new(PACKAGES).join(format!("{package}.deb"));
    if cx.host.digest(&path).await?.as_ref() != Some(package) {
        (cx.progress)("fetching the coordinator's package over the mesh".to_owned());
        cx.ledger.own_file(cx.host, Path::new(PACKAGES), Owned::Dir).await?;
        cx.host.make_dir(Path::new(PACKAGES), 0o700).await?;
        cx.mesh.package(package, &path).await?;
    }
    match cx.host.digest(&path).await? {
        Some(found) if found == *package => Ok(path),
        found => {
            cx.host.remove(&path).await?;
            let found = found.map_or_else(|| "nothing".to_owned(), |d| d.to_string());
            Err(ActError::Refused(format!(
                "the mesh sent {found} instead of the package {package}; it was thrown away"
            )))
        }
    }
}

/// A lock that somebody else holds is waited for; what else dpkg says is an error.
async fn dpkg(cx: &Context<'_>, package: &Path) -> Result<Result<(), String>, ActError> {
    let package = package.to_string_lossy();
    let args = ["--force-confold", "--install", &package];
    let command =
        Command::new("dpkg", &args).env("DEBIAN_FRONTEND", "noninteractive").timeout(Duration::from_secs(300));
    let output = cx.host.run(command).await?;
    if output.ok() {
        return Ok(Ok(()));
    }
    let said = last_lines(&output.stderr);
    if is_locked(&said) {
        return Ok(Err(said));
    }
    Err(ActError::Program { program: "dpkg".to_owned(), code: output.code, said })
}

fn is_locked(said: &str) -> bool {
    said.contains("lock") && (said.contains("another process") || said.contains("is locked"))
}

/// The join string is a secret: it is read from standard input.
async fn join(action: &CoordinatorReplica, cx: &Context<'_>) -> Result<(), ActError> {
    (cx.progress)("joining the other coordinators".to_owned());
    let string = cx.credential(CredentialKind::CoordinatorJoin)?;
    for (path, kind) in MADE {
        cx.ledger.own_file(cx.host, Path::new(path), kind).await?;
    }
    let args = ["join", "--address", action.address.as_str()];
    let command = Command::new(PROGRAM, &args).stdin(string.as_bytes().to_vec()).timeout(Duration::from_secs(120));
    let output = cx.host.run(command).await?;
    if output.ok() {
        return Ok(());
    }
    let said = last_lines(&output.stderr).replace(string, "[secret]");
    Err(ActError::Program { program: "ha-coordinator join".to_owned(), code: output.code, said })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_held_lock_is_told_from_a_broken_package() {
        assert!(is_locked("dpkg: error: dpkg frontend lock was locked by another process with pid 812"));
        assert!(is_locked("dpkg: error: dpkg database lock is locked by another process"));
        assert!(!is_locked("dpkg: error processing archive x.deb: unexpected end of file"));
    }
}
