//! The replicated store: a log of commands agreed on by a majority of replicas, applied to a [`Machine`] in memory, and
//! kept on disk. The only room that knows the consensus library; it does not know what a command means, nor who calls.
//!
//! Promises: a command that [`Store::propose`] acknowledged survives the loss of any minority of replicas; a
//! [`Store::read`] sees every command acknowledged before it began; a failed disk stops the process.

mod crc;
mod disk;
mod error;
mod identity;
mod leadership;
mod log;
mod machine;
mod members;
mod network;
mod open;
mod record;
mod service;
mod tail;
mod timing;
mod types;
mod wire;
mod writer;

use std::sync::Arc;

use ha_domain::id::CoordinatorId;
use openraft::async_runtime::watch::WatchReceiver as _;
use openraft::errors::{ClientWriteError, LinearizableReadError, RaftError};
use openraft::{Raft, RaftMetrics, ReadPolicy};
use tokio::sync::{Mutex, watch};
use tokio::task::JoinHandle;

pub use error::{MemberError, OpenError, ProposeError, ReadError};
pub use leadership::Leadership;
pub use machine::{Machine, MachineError};
pub use members::{Member, Role};
pub use network::Connect;
pub use open::StoreConfig;
pub use service::{MESSAGE_LIMIT, PeerService};
pub use timing::Timing;

use machine::Replica;
use members::pointed_to;
use types::{Command, Types};

type Consensus<M> = Raft<Types, Replica<M>>;
type Metrics = RaftMetrics<Types>;

/// One replica of the store; clones are handles to the same replica.
pub struct Store<M: Machine> {
    inner: Arc<Inner<M>>,
}

struct Inner<M: Machine> {
    config: StoreConfig,
    raft: Consensus<M>,
    replica: Replica<M>,
    disk: Arc<disk::Disk>,
    network: network::Network,
    leadership: watch::Receiver<Leadership>,
    tasks: [JoinHandle<()>; 2],
    /// Held during a membership change: two at a time can end half done.
    changes: Mutex<()>,
}

impl<M: Machine> Clone for Store<M> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone() }
    }
}

impl<M: Machine> Drop for Inner<M> {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

/// A command that took effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its place in the log: unique, never given out twice, and the number to fence with.
    pub index: u64,
    /// What [`Machine::apply`] returned.
    pub reply: Vec<u8>,
}

impl<M: Machine> Store<M> {
    /// Commits `command` and applies it. Dropping the future does not take the command back.
    pub async fn propose(&self, command: Vec<u8>) -> Result<Applied, ProposeError> {
        self.running().map_err(ProposeError::Unavailable)?;
        let write = self.raft().client_write(Command(command.into()));
        let written = tokio::time::timeout(self.timing().patience(), Box::pin(write)).await;
        match written.map_err(|_| ProposeError::Indeterminate)? {
            Ok(done) => Ok(Applied { index: done.log_id.index, reply: done.data.0 }),
            Err(error) => Err(self.not_proposed(error)),
        }
    }

    /// Reads the state as it is now: it holds every command acknowledged before this call, anywhere.
    pub async fn read<R>(&self, read: impl FnOnce(&M) -> R) -> Result<R, ReadError> {
        self.running().map_err(ReadError::Unavailable)?;
        let confirm = self.raft().ensure_linearizable(ReadPolicy::ReadIndex);
        match tokio::time::timeout(self.timing().patience(), Box::pin(confirm)).await {
            Ok(Ok(_)) => Ok(self.peek(read)),
            Ok(Err(RaftError::APIError(LinearizableReadError::ForwardToLeader(f)))) => {
                Err(ReadError::NotLeader { leader: pointed_to(f, &self.metrics()) })
            }
            Ok(Err(RaftError::APIError(LinearizableReadError::QuorumNotEnough(_)))) => {
                Err(ReadError::Unavailable("a majority of replicas does not answer".to_owned()))
            }
            Ok(Err(RaftError::Fatal(e))) => Err(ReadError::Unavailable(e.to_string())),
            Err(_) => Err(ReadError::Unavailable("no answer in time".to_owned())),
        }
    }

    /// Reads the local state, which may be behind; after a restart it is behind until a leader is known.
    pub fn peek<R>(&self, read: impl FnOnce(&M) -> R) -> R {
        self.inner.replica.peek(read)
    }

    /// Who leads, as it changes.
    pub fn leadership(&self) -> watch::Receiver<Leadership> {
        self.inner.leadership.clone()
    }

    /// The index of the last applied log entry, as it moves.
    pub fn applied(&self) -> watch::Receiver<u64> {
        self.inner.replica.applied()
    }

    /// This replica's id.
    pub fn id(&self) -> CoordinatorId {
        self.inner.config.id
    }

    /// The service for the other replicas, to be mounted on their listener.
    pub fn peer_service(&self) -> PeerService<M> {
        PeerService::new(self.inner.config.cluster.clone(), self.id(), self.raft().clone())
    }

    /// Waits until consensus has stopped here, and says why. A process whose store stopped is of no use: end it.
    pub async fn stopped(&self) -> String {
        let mut metrics = self.raft().metrics();
        loop {
            if let Err(reason) = self.running() {
                return reason;
            }
            if metrics.changed().await.is_err() {
                return "consensus has stopped".to_owned();
            }
        }
    }

    /// Stops taking part, and closes the files. Hand over the lead first.
    pub async fn shutdown(&self) {
        if let Err(error) = self.raft().shutdown().await {
            tracing::error!(%error, "stopping consensus");
        }
        self.inner.tasks.iter().for_each(JoinHandle::abort);
        let disk = self.inner.disk.clone();
        if let Err(error) = tokio::task::spawn_blocking(move || disk.close()).await {
            tracing::error!(%error, "closing the store's file");
        }
    }

    fn running(&self) -> Result<(), String> {
        self.raft().metrics().borrow_watched().running_state.as_ref().copied().map_err(ToString::to_string)
    }

    fn not_proposed(&self, error: RaftError<Types, ClientWriteError<Types>>) -> ProposeError {
        match error {
            RaftError::APIError(ClientWriteError::ForwardToLeader(f)) => {
                ProposeError::NotLeader { leader: pointed_to(f, &self.metrics()) }
            }
            RaftError::APIError(ClientWriteError::ChangeMembershipError(e)) => ProposeError::Unavailable(e.to_string()),
            RaftError::APIError(ClientWriteError::PreconditionFailed(e)) => ProposeError::Unavailable(e.to_string()),
            RaftError::APIError(ClientWriteError::LogEntryDiscarded(_)) | RaftError::Fatal(_) => {
                ProposeError::Indeterminate
            }
        }
    }

    fn raft(&self) -> &Consensus<M> {
        &self.inner.raft
    }

    fn timing(&self) -> Timing {
        self.inner.config.timing
    }

    fn network(&self) -> &network::Network {
        &self.inner.network
    }

    fn changes(&self) -> &Mutex<()> {
        &self.inner.changes
    }
}

#[cfg(test)]
#[path = "suite_test.rs"]
mod suite;

#[cfg(test)]
#[path = "joint_test.rs"]
mod joint;
