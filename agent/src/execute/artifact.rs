//! Artifacts of the catalog on this machine: each fetched once, kept under its sha256, and believed only for that.
//!
//! Knows nothing of what is inside them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use ha_domain::catalog::Artifact;
use ha_domain::id::Digest;
use ha_domain::spec::value::HttpUrl;
use ha_domain::step::Source;

use super::{ActError, Context};
use crate::host::{Download, Lifespan};
use crate::ledger::Owned;

/// Where fetched artifacts are kept, each named by its sha256.
pub const STORE: &str = "/var/lib/ha-mesh/artifacts";
/// Where programs are kept that are used as they came, each named by its sha256.
pub const PROGRAMS: &str = "/usr/local/lib/ha-mesh";

/// Tries of one download before the step fails; the plan tries the step again later.
const TRIES: u32 = 3;

/// Where an artifact lies once it was fetched.
pub fn stored(sha256: &Digest) -> PathBuf {
    Path::new(STORE).join(sha256.as_str())
}

/// Whether the artifact is here already and whole.
pub async fn is_here(cx: &Context<'_>, artifact: &Artifact) -> Result<bool, ActError> {
    let sha256 = digest_of(artifact)?;
    Ok(cx.host.digest(&stored(sha256)).await?.as_ref() == Some(sha256))
}

/// The artifact as a file; downloads it where it is not here yet. Actions that want the same one wait for one download.
///
/// # Errors
/// The catalog has no sha256 or no file for it, or the download failed [`TRIES`] times.
pub async fn fetch(cx: &Context<'_>, artifact: &Artifact, source: &Source) -> Result<PathBuf, ActError> {
    let path = stored(digest_of(artifact)?);
    into_place(cx, artifact, source, (&path, 0o644, Lifespan::Passing)).await?;
    Ok(path)
}

/// Where a program lies that is used as it came: links point there. Programs with the same bytes are one file.
pub fn program_path(artifact: &Artifact) -> Result<PathBuf, ActError> {
    Ok(Path::new(PROGRAMS).join(digest_of(artifact)?.as_str()))
}

/// The artifact as a program: downloaded straight to where it is run from.
///
/// # Errors
/// As [`fetch`].
pub async fn program(cx: &Context<'_>, artifact: &Artifact, source: &Source) -> Result<PathBuf, ActError> {
    let path = program_path(artifact)?;
    cx.ledger.own_file(cx.host, Path::new(PROGRAMS), Owned::Dir).await?;
    into_place(cx, artifact, source, (&path, 0o755, Lifespan::Lasting)).await?;
    Ok(path)
}

/// Takes an artifact away that has been unpacked or imported: some are large.
pub async fn discard(cx: &Context<'_>, artifact: &Artifact) -> Result<(), ActError> {
    Ok(cx.host.remove(&stored(digest_of(artifact)?)).await?)
}

async fn into_place(
    cx: &Context<'_>,
    artifact: &Artifact,
    source: &Source,
    (path, mode, lifespan): (&Path, u32, Lifespan),
) -> Result<(), ActError> {
    let sha256 = digest_of(artifact)?;
    let turn = turn(cx, sha256);
    let _mine = turn.lock().await;
    if cx.host.digest(path).await?.as_ref() == Some(sha256) {
        return Ok(());
    }
    let url = url_of(artifact, source)?;
    (cx.progress)(format!("downloading {} {}", artifact.name, artifact.version));
    let proxy = proxy_to(&url, source)?;
    let what = Download { url: &url, sha256, size: artifact.size.unwrap_or(0), to: path, mode, proxy, lifespan };
    download(cx, what).await
}

/// A mirror is near; the proxy is for the way out.
fn proxy_to<'a>(url: &str, source: &'a Source) -> Result<Option<&'a str>, ActError> {
    let target = HttpUrl::parse(url).map_err(|e| ActError::Refused(format!("the catalog: {e}")))?;
    Ok(source.proxy_to(target.host()).filter(|_| source.mirror.is_none()))
}

async fn download(cx: &Context<'_>, what: Download<'_>) -> Result<(), ActError> {
    let mut failed = 0;
    loop {
        match cx.host.download(what.clone()).await {
            Ok(()) => return Ok(()),
            Err(error) => {
                failed += 1;
                if failed == TRIES || matches!(error, crate::host::HostError::Stopped) {
                    return Err(error.into());
                }
                (cx.progress)(format!("{error}; trying again"));
                tokio::time::sleep(Duration::from_secs(u64::from(failed))).await;
            }
        }
    }
}

fn digest_of(artifact: &Artifact) -> Result<&Digest, ActError> {
    artifact.sha256.as_ref().ok_or_else(|| {
        let Artifact { name, version, .. } = artifact;
        ActError::Refused(format!("the catalog has no sha256 for {name} {version}; it can be pulled, not downloaded"))
    })
}

/// Below the mirror where there is one, upstream otherwise.
fn url_of(artifact: &Artifact, source: &Source) -> Result<String, ActError> {
    let mirror = source.mirror.as_deref().map(HttpUrl::parse).transpose();
    let mirror = mirror.map_err(|e| ActError::Refused(format!("artifacts.mirror: {e}")))?;
    artifact.download_url(mirror.as_ref()).ok_or_else(|| {
        let Artifact { name, version, .. } = artifact;
        ActError::Refused(format!("{name} {version} is an image and there is no mirror to download it from"))
    })
}

type Turns = BTreeMap<(usize, Digest), Weak<tokio::sync::Mutex<()>>>;

/// Downloads under way, by machine (one process may simulate several) and sha256.
static TURNS: Mutex<Turns> = Mutex::new(BTreeMap::new());

fn turn(cx: &Context<'_>, sha256: &Digest) -> Arc<tokio::sync::Mutex<()>> {
    let machine = std::ptr::from_ref(cx.host).cast::<()>().addr();
    let mut turns = TURNS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    turns.retain(|_, turn| turn.strong_count() > 0);
    let key = (machine, sha256.clone());
    if let Some(turn) = turns.get(&key).and_then(Weak::upgrade) {
        return turn;
    }
    let turn = Arc::new(tokio::sync::Mutex::new(()));
    turns.insert(key, Arc::downgrade(&turn));
    turn
}

#[cfg(test)]
mod tests {
    use super::*;
    use ha_domain::catalog::{Arch, ArtifactKind};

    fn runc() -> Artifact {
        Artifact {
            name: "runc".to_owned(),
            version: "1.4.3".to_owned(),
            arch: Arch::Amd64,
            kind: ArtifactKind::File,
            url: "https://github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64".to_owned(),
            path: None,
            sha256: None,
            size: None,
        }
    }

    #[test]
    fn a_mirror_stands_for_every_upstream_host() {
        let source = Source { mirror: Some("http://10.0.0.5:8088/".to_owned()), ..Source::default() };
        let url = url_of(&runc(), &source).unwrap();
        assert_eq!(url, "http://10.0.0.5:8088/github.com/opencontainers/runc/releases/download/v1.4.3/runc.amd64");
    }

    #[test]
    fn without_a_mirror_it_comes_from_upstream() {
        assert_eq!(url_of(&runc(), &Source::default()).unwrap(), runc().url);
    }

    #[test]
    fn what_the_catalog_does_not_pin_is_not_downloaded() {
        assert!(digest_of(&runc()).unwrap_err().to_string().contains("no sha256"));
    }
}
