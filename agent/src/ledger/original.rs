//! What was there before us: keeping a foreign file aside, keeping our own last version beside the new one.
//!
//! Knows nothing of units or packages.

use std::path::{Path, PathBuf};

use ha_domain::id::Digest;

use super::{Entry, HEADER, Ledger, Original, Owned};
use crate::host::{Host, HostError, NewFile};

/// How much of a file is looked at for our header, in bytes.
const HEAD: usize = 512;

impl Ledger {
    pub(super) async fn own(&self, host: &dyn Host, entry: Entry) -> Result<(), HostError> {
        let Some(entry) = self.with_past(host, entry).await? else { return Ok(()) };
        self.change(host, |record| record.own(entry)).await
    }

    /// The entry with what was there before us; `None` when it cannot become ours.
    async fn with_past(&self, host: &dyn Host, entry: Entry) -> Result<Option<Entry>, HostError> {
        if self.entry(&entry.path).is_some() {
            return Ok(Some(entry));
        }
        let Some(there) = host.stat(&entry.path).await? else { return Ok(Some(entry)) };
        match entry.kind {
            Owned::Dir if there.is_dir => {
                let empty = host.list(&entry.path).await?.is_empty();
                Ok(empty.then_some(Entry { existed: true, ..entry }))
            }
            Owned::File | Owned::Link | Owned::Dir if there.is_dir => Err(HostError::File {
                doing: "replace",
                path: entry.path,
                reason: "it is a folder that the agent did not make; move it away".to_owned(),
            }),
            Owned::File | Owned::Link | Owned::Dir => {
                let kept = self.kept_path(&entry.path);
                host.copy(&entry.path, &kept, there.mode & 0o7777).await?;
                Ok(Some(Entry { original: Some(Original { kept, mode: there.mode & 0o7777 }), ..entry }))
            }
        }
    }

    fn kept_path(&self, path: &Path) -> PathBuf {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let folder = self.state_dir().join("originals");
        folder.join(format!("{}-{name}", Digest::of(path.as_os_str().as_encoded_bytes()).short()))
    }

    /// Keeps our version before `file` beside it, unless it is private: old secrets must not lie about.
    pub(super) async fn keep_last(
        &self,
        host: &dyn Host,
        file: &NewFile<'_>,
        before: Option<&Entry>,
        now: &Digest,
    ) -> Result<(), HostError> {
        let private = file.mode & 0o077 == 0;
        let Some(before) = before.filter(|_| !private) else { return Ok(()) };
        if before.digest.as_ref() != Some(now) && !has_header(host.read(file.path).await?.as_deref()) {
            return Ok(());
        }
        host.copy(file.path, &last_path(file.path), file.mode).await
    }
}

/// Where the version before lies.
pub(super) fn last_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".ha-last");
    name.into()
}

fn has_header(content: Option<&[u8]>) -> bool {
    let head = content.map(|c| &c[..c.len().min(HEAD)]).unwrap_or_default();
    head.windows(HEADER.len()).any(|w| w == HEADER.as_bytes())
}
