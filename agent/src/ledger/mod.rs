//! The ledger: what the agent made on this machine, written down before it is made, so that a reset removes that and nothing else.
//!
//! Knows files, folders, links, units and packages by name; nothing of what they are for. All IO goes through the host.

mod original;
mod record;
mod undo;

#[cfg(test)]
mod tests;

pub use record::{Entry, Original, Owned};

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ha_domain::id::Digest;

use crate::host::{Host, HostError, NewFile};
use record::Record;

/// Words in the first lines of a configuration file that we wrote; a template should carry them in a comment.
pub const HEADER: &str = "Managed by ha-mesh";

/// The ledger of this machine; cloning shares it.
#[derive(Debug, Clone)]
pub struct Ledger(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    /// As it is on disk.
    record: Mutex<Record>,
    /// One change at a time: a change reads, writes the file, then shows.
    changing: tokio::sync::Mutex<()>,
}

impl Ledger {
    /// Reads the ledger at `path`, an empty one when there is none.
    ///
    /// # Errors
    /// When it cannot be read or is damaged; nothing may be made on the machine before that is repaired.
    pub async fn load(host: &dyn Host, path: &Path) -> Result<Self, HostError> {
        let record = match host.read(path).await? {
            None => Record::default(),
            Some(bytes) => Record::parse(&bytes).map_err(|reason| HostError::File {
                doing: "read the ledger",
                path: path.to_owned(),
                reason: format!("{reason}; restore it from a backup, or reinstall the machine"),
            })?,
        };
        let inner =
            Inner { path: path.to_owned(), record: Mutex::new(record), changing: tokio::sync::Mutex::default() };
        Ok(Self(Arc::new(inner)))
    }

    /// Writes down a file, folder or link that is about to be made. The original of a foreign file is kept first. A
    /// folder that is there already with foreign content does not become ours.
    pub async fn own_file(&self, host: &dyn Host, path: &Path, kind: Owned) -> Result<(), HostError> {
        self.own(host, Entry::new(path, kind)).await
    }

    /// Writes down a file that is about to be made and that must not change afterwards.
    pub async fn own_file_with_digest(&self, host: &dyn Host, path: &Path, digest: &Digest) -> Result<(), HostError> {
        self.own(host, Entry { digest: Some(digest.clone()), ..Entry::new(path, Owned::File) }).await
    }

    /// Writes down a unit that is about to be made or started, by its full name (`haproxy.service`).
    pub async fn own_unit(&self, host: &dyn Host, name: &str) -> Result<(), HostError> {
        self.change(host, |record| record.own_unit(name)).await
    }

    /// Writes down packages that are about to be installed: only those that are missing now.
    pub async fn own_packages(&self, host: &dyn Host, names: &[&str]) -> Result<(), HostError> {
        self.change(host, |record| names.iter().fold(false, |changed, name| record.own_package(name) | changed)).await
    }

    /// Writes a file down with its digest, then puts it in place. The version before stays beside it as `<path>.ha-last`
    /// when it was ours and is not private; a foreign one is kept as the original. Says whether anything was written.
    pub async fn put(&self, host: &dyn Host, file: NewFile<'_>) -> Result<bool, HostError> {
        let digest = Digest::of(file.content);
        let (before, now) = (self.entry(file.path), host.digest(file.path).await?);
        if now.as_ref() == Some(&digest) && before.as_ref().is_some_and(|e| e.digest.as_ref() == Some(&digest)) {
            let mode = host.stat(file.path).await?.map(|s| s.mode);
            if mode == Some(file.mode) {
                return Ok(false);
            }
        }
        if let Some(now) = now.filter(|now| *now != digest) {
            self.keep_last(host, &file, before.as_ref(), &now).await?;
        }
        self.own_file_with_digest(host, file.path, &digest).await?;
        host.write(file).await?;
        Ok(true)
    }

    /// How an owned path differs from what was written down; `None` when it does not, or when it is not ours.
    pub async fn drift(&self, host: &dyn Host, path: &Path) -> Result<Option<String>, HostError> {
        let Some(entry) = self.entry(path) else { return Ok(None) };
        let name = path.display();
        let Some(wanted) = entry.digest else {
            return Ok(host.stat(path).await?.is_none().then(|| format!("{name} is missing")));
        };
        Ok(match host.digest(path).await? {
            None => Some(format!("{name} is missing")),
            Some(found) if found != wanted => Some(format!("{name} was edited")),
            Some(_) => None,
        })
    }

    /// Strikes a path out; nothing happens to what is there.
    pub async fn forget(&self, host: &dyn Host, path: &Path) -> Result<(), HostError> {
        self.change(host, |record| record.forget(path)).await
    }

    /// Strikes a unit out.
    pub async fn forget_unit(&self, host: &dyn Host, name: &str) -> Result<(), HostError> {
        self.change(host, |record| record.forget_unit(name)).await
    }

    /// Strikes packages out.
    pub async fn forget_packages(&self, host: &dyn Host, names: &[&str]) -> Result<(), HostError> {
        self.change(host, |record| record.forget_packages(names)).await
    }

    /// Everything with a path, in the order in which it was made.
    pub fn entries(&self) -> Vec<Entry> {
        self.record().entries().to_vec()
    }
    /// What is written down about a path.
    pub fn entry(&self, path: &Path) -> Option<Entry> {
        self.record().entry(path).cloned()
    }
    /// Whether a path, or a folder it is in, is ours.
    pub fn owns(&self, path: &Path) -> bool {
        self.record().owns(path)
    }
    /// Names of our units, in the order in which they were made.
    pub fn owned_units(&self) -> Vec<String> {
        self.record().units().to_vec()
    }
    /// Names of the packages that we installed.
    pub fn owned_packages(&self) -> Vec<String> {
        self.record().packages().to_vec()
    }
    /// The folder that the ledger lies in: the agent's state.
    pub fn state_dir(&self) -> &Path {
        self.0.path.parent().unwrap_or(Path::new("/"))
    }

    fn record(&self) -> MutexGuard<'_, Record> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies `edit`, which says whether it changed anything, on disk first.
    async fn change(&self, host: &dyn Host, edit: impl FnOnce(&mut Record) -> bool + Send) -> Result<(), HostError> {
        let _one_at_a_time = self.0.changing.lock().await;
        let mut next = self.record().clone();
        if edit(&mut next) {
            host.write(NewFile { path: &self.0.path, content: &next.to_json(), mode: 0o600 }).await?;
            *self.record() = next;
        }
        Ok(())
    }
}
