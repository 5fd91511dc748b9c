//! Container images in containerd's store for Kubernetes: imported from archives, or pulled where there is none.
//!
//! What was imported is noted with the digest that containerd gave it. A look then only asks whether containerd still
//! holds the file of that digest: no program is started for it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ha_domain::catalog::Artifact;
use ha_domain::id::Digest;
use ha_domain::step::{Images, Source};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::rendered::last_lines;
use super::{ActError, Context, Probe, artifact, distro};
use crate::host::{Command, NewFile};
use crate::ledger::Owned;

const RECORD: &str = "/var/lib/ha-mesh/images.json";
const BLOBS: &str = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256";
const CTR: &str = "/usr/local/bin/ctr";
const TIMEOUT: Duration = Duration::from_secs(15 * 60);

/// Image reference to what is known of it.
type Record = BTreeMap<String, Imported>;

/// An image as it was brought in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Imported {
    /// sha256 of the archive that it came from; absent when it was pulled.
    archive: Option<Digest>,
    /// sha256 of its manifest in containerd's store.
    manifest: String,
}

pub(super) async fn probe(action: &Images, cx: &Context<'_>) -> Result<Probe, ActError> {
    let record = read(cx).await?;
    for image in &action.images {
        if !is_held(cx, record.get(&image.url), image).await? {
            return Ok(Probe::Differs(format!("{} is not there", image.url)));
        }
    }
    Ok(Probe::Converged(distro::facts([("images", action.images.len().to_string())])))
}

pub(super) async fn act(action: &Images, cx: &Context<'_>) -> Result<(), ActError> {
    cx.ledger.own_file(cx.host, Path::new(RECORD), Owned::File).await?;
    let (queue, record) = (Mutex::new(action.images.iter()), Mutex::new(read(cx).await?));
    let work = Work { source: &action.source, queue, record, importing: Mutex::new(()) };
    // Two at a time: one is downloaded while the other is imported.
    tokio::try_join!(take_turns(cx, &work), take_turns(cx, &work)).map(|_| ())
}

/// What those who bring images share.
struct Work<'a> {
    source: &'a Source,
    queue: Mutex<std::slice::Iter<'a, Artifact>>,
    record: Mutex<Record>,
    /// One import at a time: two that hold the same layer would wait for each other, slowly.
    importing: Mutex<()>,
}

/// Brings one image after the other, until the queue is empty.
async fn take_turns(cx: &Context<'_>, work: &Work<'_>) -> Result<(), ActError> {
    loop {
        let next = work.queue.lock().await.next();
        let Some(image) = next else { return Ok(()) };
        bring(cx, work, image).await?;
    }
}

async fn bring(cx: &Context<'_>, work: &Work<'_>, image: &Artifact) -> Result<(), ActError> {
    let source = work.source;
    let known = work.record.lock().await.get(&image.url).cloned();
    if is_held(cx, known.as_ref(), image).await? {
        return Ok(());
    }
    let has_archive = image.sha256.is_some() && source.mirror.is_some();
    if has_archive {
        import(cx, work, image).await?;
    } else if source.offline {
        let what = format!("{} has no archive in the catalog and the site is offline; add it to the mirror", image.url);
        return Err(ActError::Refused(what));
    } else {
        pull(cx, source, image).await?;
    }
    let imported =
        Imported { archive: image.sha256.clone().filter(|_| has_archive), manifest: manifest(cx, image).await? };
    let mut record = work.record.lock().await;
    record.insert(image.url.clone(), imported);
    write(cx, &record).await
}

/// The archive goes once containerd has it: together they take gigabytes.
async fn import(cx: &Context<'_>, work: &Work<'_>, image: &Artifact) -> Result<(), ActError> {
    let archive = artifact::fetch(cx, image, work.source).await?;
    let _turn = work.importing.lock().await;
    (cx.progress)(format!("importing {}", image.url));
    // Locally: through containerd's transfer service the same takes three times the processor time.
    ctr(cx, &["images", "import", "--local", &archive.to_string_lossy()], &[]).await?;
    artifact::discard(cx, image).await
}

async fn pull(cx: &Context<'_>, source: &Source, image: &Artifact) -> Result<(), ActError> {
    (cx.progress)(format!("pulling {}", image.url));
    let (proxy, without) = (source.proxy.as_deref().unwrap_or_default(), source.no_proxy.join(","));
    let env = [("HTTP_PROXY", proxy), ("HTTPS_PROXY", proxy), ("NO_PROXY", without.as_str())];
    let env = if proxy.is_empty() { &[][..] } else { &env[..] };
    ctr(cx, &["images", "pull", "--local", "--hosts-dir", "/etc/containerd/certs.d", &image.url], env).await.map(drop)
}

/// The sha256 of the image's manifest, out of containerd's list.
async fn manifest(cx: &Context<'_>, image: &Artifact) -> Result<String, ActError> {
    let list = ctr(cx, &["images", "ls", &format!("name=={}", image.url)], &[]).await?;
    let found = list.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(image.url.as_str())).then(|| words.find_map(|w| w.strip_prefix("sha256:")))
    });
    found.flatten().map(str::to_owned).ok_or_else(|| {
        let what = format!(
            "the archive of {0} was imported, but holds no image of that name; is the catalog's entry right?",
            image.url
        );
        ActError::Refused(what)
    })
}

async fn is_held(cx: &Context<'_>, known: Option<&Imported>, image: &Artifact) -> Result<bool, ActError> {
    let Some(known) = known else { return Ok(false) };
    let same = known.archive.is_none() || known.archive == image.sha256;
    Ok(same && cx.host.stat(&blob(&known.manifest)).await?.is_some())
}

fn blob(manifest: &str) -> PathBuf {
    Path::new(BLOBS).join(manifest)
}

async fn ctr(cx: &Context<'_>, args: &[&str], env: &[(&str, &str)]) -> Result<String, ActError> {
    let args = [&["--namespace", "k8s.io"], args].concat();
    let mut command = Command::new(CTR, &args).timeout(TIMEOUT);
    for (name, value) in env {
        command = command.env(name, value);
    }
    let output = cx.host.run(command).await?;
    if output.ok() {
        return Ok(output.text());
    }
    Err(ActError::Program { program: "ctr".to_owned(), code: output.code, said: last_lines(&output.stderr) })
}

/// A damaged record is an empty one: the images are brought in again.
async fn read(cx: &Context<'_>) -> Result<Record, ActError> {
    let bytes = cx.host.read(Path::new(RECORD)).await?.unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn write(cx: &Context<'_>, record: &Record) -> Result<(), ActError> {
    let content = serde_json::to_vec_pretty(record).unwrap_or_default();
    Ok(cx.host.write(NewFile { path: Path::new(RECORD), content: &content, mode: 0o644 }).await?)
}
