//! Taking one entry back: the thing goes, what was there before us returns, the entry is struck out last.
//!
//! Units and packages are taken back by the reset action, which knows in which order.

use super::original::last_path;
use super::{Entry, Ledger, Owned};
use crate::host::{Host, HostError};

impl Ledger {
    /// Takes one entry back. Done twice it is the same as once.
    pub async fn undo(&self, host: &dyn Host, entry: &Entry) -> Result<(), HostError> {
        match entry.kind {
            Owned::Dir if entry.existed => empty(host, entry).await?,
            Owned::File | Owned::Link | Owned::Dir => give_back(host, entry).await?,
        }
        self.forget(host, &entry.path).await?;
        // The copy goes last: until the entry is struck out it is still needed.
        match &entry.original {
            Some(original) => host.remove(&original.kept).await,
            None => Ok(()),
        }
    }
}

async fn empty(host: &dyn Host, entry: &Entry) -> Result<(), HostError> {
    for name in host.list(&entry.path).await? {
        host.remove(&entry.path.join(name)).await?;
    }
    Ok(())
}

async fn give_back(host: &dyn Host, entry: &Entry) -> Result<(), HostError> {
    host.remove(&last_path(&entry.path)).await?;
    match &entry.original {
        None => host.remove(&entry.path).await,
        Some(original) => {
            if entry.kind != Owned::File {
                host.remove(&entry.path).await?;
            }
            host.copy(&original.kept, &entry.path, original.mode).await
        }
    }
}
