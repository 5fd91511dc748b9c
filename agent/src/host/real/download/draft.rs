//! The writing side of a download: a thread of its own hashes and writes while the network goes on.
//!
//! Knows nothing of where the bytes come from.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bytes::Bytes;
use ha_domain::id::Digest;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::host::Lifespan;
use crate::host::real::digests::finish;
use crate::host::real::places::Draft;
use crate::host::real::said;

/// Chunks that may wait to be written: together less than a MiB.
const WAITING: usize = 4;

/// Takes chunks; comes to a digest and a draft.
#[derive(Debug)]
pub(super) struct Writer {
    to: PathBuf,
    chunks: mpsc::Sender<Bytes>,
    writing: JoinHandle<io::Result<(Digest, Draft)>>,
}

impl Writer {
    pub(super) fn begin(to: &Path) -> Self {
        let (chunks, waiting) = mpsc::channel(WAITING);
        let target = to.to_owned();
        let writing = tokio::task::spawn_blocking(move || write(&target, waiting));
        Self { to: to.to_owned(), chunks, writing }
    }

    /// Hands on a chunk; false when the writing ended early, whose reason [`Writer::end`] tells.
    pub(super) async fn take(&self, chunk: Bytes) -> bool {
        self.chunks.send(chunk).await.is_ok()
    }

    pub(super) async fn end(self) -> Result<(Digest, Draft), String> {
        drop(self.chunks);
        let written = self.writing.await.map_err(|e| e.to_string())?;
        written.map_err(|e| format!("write {}: {}", self.to.display(), said(&e)))
    }
}

fn write(to: &Path, mut waiting: mpsc::Receiver<Bytes>) -> io::Result<(Digest, Draft)> {
    let draft = Draft::beside(to)?;
    let mut sha = Sha256::new();
    while let Some(chunk) = waiting.blocking_recv() {
        sha.update(&chunk);
        draft.file().write_all(&chunk)?;
    }
    Ok((finish(sha)?, draft))
}

/// Puts the draft in place, where blocking is allowed.
pub(super) async fn publish(draft: Draft, mode: u32, lifespan: Lifespan) -> Result<(), String> {
    let put = move || match lifespan {
        Lifespan::Lasting => draft.publish(mode),
        Lifespan::Passing => draft.publish_passing(mode),
    };
    let published = tokio::task::spawn_blocking(put).await.map_err(|e| e.to_string())?;
    published.map_err(|e| format!("put it in place: {}", said(&e)))
}
