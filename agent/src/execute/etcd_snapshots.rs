//! Snapshots of etcd on this control plane: saved, verified, and only then kept; the oldest go.
//!
//! This action sets them up and takes the first; afterwards the agent's clock calls [`snapshot_now`] when one is due.
//! Carrying them to other machines is the mesh's business.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ha_domain::id::{Digest, Time};
use ha_domain::step::EtcdSnapshots;
use serde::{Deserialize, Serialize};

use super::etcd_api::PKI;
use super::rendered::{is_current, last_lines};
use super::{ActError, Context, Probe, distro, utc};
use crate::host::{Command, NewFile, Output};
use crate::ledger::Owned;

/// Where snapshots lie.
pub const DIR: &str = "/var/lib/ha-mesh/etcd-snapshots";
const SETTINGS: &str = "/etc/ha-mesh/etcd-snapshots.json";
const STATUS: &str = "/var/lib/ha-mesh/etcd-snapshots/status.json";
const MINUTE_MS: u64 = 60_000;

/// A verified snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Snapshot {
    /// The file.
    pub path: PathBuf,
    /// sha256 of the file.
    pub digest: Digest,
    /// When it was taken.
    pub taken: Time,
    /// etcd's revision in it.
    pub revision: u64,
    /// Bytes.
    pub size: u64,
}

pub(super) async fn probe(action: &EtcdSnapshots, cx: &Context<'_>) -> Result<Probe, ActError> {
    if !is_current(cx, Path::new(SETTINGS), &settings_text(action)).await? {
        return Ok(Probe::Differs("snapshots are not set up like that".to_owned()));
    }
    let Some(last) = last(cx).await? else { return Ok(Probe::Differs("there is no verified snapshot yet".to_owned())) };
    let age = cx.host.now().ms_since(last.taken);
    if age > 3 * MINUTE_MS * u64::from(action.every_minutes) {
        return Ok(Probe::Differs(format!("the last snapshot is {} min old", age / MINUTE_MS)));
    }
    Ok(Probe::Converged(distro::facts([
        ("last-snapshot", utc::rfc3339(last.taken)),
        ("revision", last.revision.to_string()),
        ("sha256", last.digest.as_str().to_owned()),
    ])))
}

pub(super) async fn act(action: &EtcdSnapshots, cx: &Context<'_>) -> Result<(), ActError> {
    cx.ledger.own_file(cx.host, Path::new(DIR), Owned::Dir).await?;
    cx.host.make_dir(Path::new(DIR), 0o700).await?;
    cx.ledger.own_file(cx.host, Path::new(SETTINGS), Owned::File).await?;
    let content = settings_text(action);
    cx.host.write(NewFile { path: Path::new(SETTINGS), content: &content, mode: 0o600 }).await?;
    snapshot_now(cx, action).await.map(drop)
}

/// What was set up on this machine; `None` where it takes no snapshots.
pub async fn settings(cx: &Context<'_>) -> Result<Option<EtcdSnapshots>, ActError> {
    let bytes = cx.host.read(Path::new(SETTINGS)).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// The last verified snapshot whose file is still there.
pub async fn last(cx: &Context<'_>) -> Result<Option<Snapshot>, ActError> {
    let bytes = cx.host.read(Path::new(STATUS)).await?.unwrap_or_default();
    let Ok(snapshot) = serde_json::from_slice::<Snapshot>(&bytes) else { return Ok(None) };
    Ok(cx.host.stat(&snapshot.path).await?.filter(|s| s.len == snapshot.size).map(|_| snapshot))
}

/// Whether it is time for the next one.
pub async fn is_due(cx: &Context<'_>, settings: &EtcdSnapshots) -> Result<bool, ActError> {
    let every = MINUTE_MS * u64::from(settings.every_minutes);
    Ok(last(cx).await?.is_none_or(|last| cx.host.now().ms_since(last.taken) >= every))
}

/// Takes a snapshot, verifies it, and removes the oldest ones beyond `keep`.
///
/// # Errors
/// etcd does not serve, or the snapshot is damaged; those that are kept stay.
pub async fn snapshot_now(cx: &Context<'_>, settings: &EtcdSnapshots) -> Result<Snapshot, ActError> {
    (cx.progress)("taking a snapshot of etcd".to_owned());
    let taken = cx.host.now();
    let path = Path::new(DIR).join(format!("etcd-{}.db", utc::rfc3339(taken).replace(':', "")));
    let candidate = path.with_extension("new");
    let saved = save_and_verify(cx, &candidate).await;
    if saved.is_err() {
        cx.host.remove(&candidate).await?;
    }
    let content = saved?;
    cx.host.rename(&candidate, &path).await?;
    let digest = cx.host.digest(&path).await?.unwrap_or_else(|| Digest::of(b""));
    let size = cx.host.stat(&path).await?.map_or(0, |s| s.len);
    let snapshot = Snapshot { path, digest, taken, revision: content.revision, size };
    let status = serde_json::to_vec_pretty(&snapshot).unwrap_or_default();
    cx.host.write(NewFile { path: Path::new(STATUS), content: &status, mode: 0o600 }).await?;
    forget_oldest(cx, settings.keep).await?;
    Ok(snapshot)
}

/// What etcdutl finds in a snapshot.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    revision: u64,
    total_key: u64,
}

async fn save_and_verify(cx: &Context<'_>, path: &Path) -> Result<Content, ActError> {
    let file = path.to_string_lossy();
    let [ca, certificate, key] =
        ["ca.crt", "healthcheck-client.crt", "healthcheck-client.key"].map(|n| format!("{PKI}/{n}"));
    let endpoint = ["--endpoints", "https://127.0.0.1:2379", "--cacert", &ca, "--cert", &certificate, "--key", &key];
    let save = [&endpoint[..], &["snapshot", "save", &file]].concat();
    run(cx, "/usr/local/bin/etcdctl", &save).await?;
    let status = run(cx, "/usr/local/bin/etcdutl", &["snapshot", "status", &file, "--write-out", "json"]).await?;
    let content: Content = serde_json::from_slice(&status.stdout)
        .map_err(|e| ActError::Refused(format!("etcdutl's verdict on a snapshot cannot be read: {e}")))?;
    if content.total_key == 0 {
        return Err(ActError::Refused("the snapshot of etcd holds no key; it is not kept".to_owned()));
    }
    Ok(content)
}

async fn run(cx: &Context<'_>, program: &str, args: &[&str]) -> Result<Output, ActError> {
    let output = cx.host.run(Command::new(program, args).timeout(Duration::from_secs(300))).await?;
    if output.ok() {
        return Ok(output);
    }
    let program = program.rsplit('/').next().unwrap_or(program).to_owned();
    Err(ActError::Program { program, code: output.code, said: last_lines(&output.stderr) })
}

/// Their names begin with their time, so they sort by age. What a crash left half done goes too.
async fn forget_oldest(cx: &Context<'_>, keep: u32) -> Result<(), ActError> {
    let names = cx.host.list(Path::new(DIR)).await?;
    let (whole, rest): (Vec<_>, Vec<_>) =
        names.into_iter().filter(|n| n.starts_with("etcd-")).partition(|n| n.ends_with(".db"));
    let surplus = whole.len().saturating_sub(usize::try_from(keep.max(1)).unwrap_or(usize::MAX));
    for name in whole.into_iter().take(surplus).chain(rest) {
        cx.host.remove(&Path::new(DIR).join(name)).await?;
    }
    Ok(())
}

fn settings_text(action: &EtcdSnapshots) -> Vec<u8> {
    serde_json::to_vec_pretty(action).unwrap_or_default()
}
