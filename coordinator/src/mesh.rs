//! What every task of a coordinator shares: the store, the seal key, the hub of sessions, where packages lie.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use ha_domain::id::{CoordinatorId, Time};
use ha_domain::state::{Command, Entry, Outcome, Refusal, Reply, State};
use ha_transport::{Connections, CredentialStore, SealKey};

use crate::leader::Hub;
use crate::machine::StateMachine;
use crate::store::{ProposeError, ReadError, Store};

/// What every task shares.
pub struct Mesh {
    /// The replicated log.
    pub store: Store<StateMachine>,
    /// Opens sealed secrets.
    pub seal: SealKey,
    /// This coordinator's certificate.
    pub credentials: CredentialStore,
    /// Sessions and what agents last said; of use on the leader only.
    pub hub: Hub,
    /// Live connections, to close those of revoked certificates.
    pub connections: Connections,
    /// Packages and copies that the mesh keeps.
    pub share: PathBuf,
    /// Ports of this coordinator.
    pub host: String,
}

/// Why a command did not come about.
#[derive(Debug, thiserror::Error)]
pub enum ProposeFailure {
    /// The reducer refused it; nothing changed.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// It was not accepted, or nobody knows.
    #[error(transparent)]
    Store(#[from] ProposeError),
    /// The reply was not understood.
    #[error("the store's reply was not understood: {0}")]
    Garbled(String),
}

/// This process's clock, for entries and reports: `domain` never asks it.
pub fn now() -> Time {
    ha_transport::time_at(SystemTime::now())
}

impl Mesh {
    /// Commits a command in the name of `by`.
    pub async fn propose(&self, by: &str, command: Command) -> Result<Reply, ProposeFailure> {
        self.propose_once(by, None, command).await
    }

    /// Commits a command under an idempotency key: its repetition gets the first reply.
    pub async fn propose_once(&self, by: &str, key: Option<String>, command: Command) -> Result<Reply, ProposeFailure> {
        let entry = Entry { at: now(), by: by.to_owned(), key: key.filter(|k| !k.is_empty()), command };
        let bytes = serde_json::to_vec(&entry).map_err(|e| ProposeFailure::Garbled(e.to_string()))?;
        let applied = self.store.propose(bytes).await?;
        let outcome: Outcome =
            serde_json::from_slice(&applied.reply).map_err(|e| ProposeFailure::Garbled(e.to_string()))?;
        Ok(outcome?)
    }

    /// Reads the state as it is now, everywhere.
    pub async fn read<R>(&self, read: impl FnOnce(&State) -> R) -> Result<R, ReadError> {
        self.store.read(|machine| read(&machine.state)).await
    }

    /// Reads this replica's state, which may be behind.
    pub fn peek<R>(&self, read: impl FnOnce(&State) -> R) -> R {
        self.store.peek(|machine| read(&machine.state))
    }

    /// Whether this replica leads and may act.
    pub fn leads(&self) -> bool {
        let leadership = self.store.leadership();
        let now = leadership.borrow();
        now.is_me && now.ready
    }

    /// Where the live coordinators are.
    pub fn hosts(&self) -> Vec<(CoordinatorId, String)> {
        self.peek(|s| s.coordinators.iter().filter(|(_, c)| !c.removed).map(|(id, c)| (*id, c.host.clone())).collect())
    }
}

/// Shared by all tasks.
pub type SharedMesh = Arc<Mesh>;
