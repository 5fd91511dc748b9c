//! The replicated machine in memory, kept in step with the log. Knows of commands and snapshots only that they are bytes.

use std::io;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use openraft::storage::{EntryResponder, RaftStateMachine};
use openraft::{OptionalSend, RaftSnapshotBuilder};
use tokio::sync::watch;

use super::disk::{Disk, key};
use super::log::damaged;
use super::record;
use super::types::{Entry, LogId, Payload, Reply, Snapshot, SnapshotMeta, StoredMembership, Types};
use super::writer::Write;

/// What is replicated; the store does not know what a command means.
pub trait Machine: Send + Sync + 'static {
    /// Applies the command at `index` of the log and returns the answer. Total and deterministic: the same commands in
    /// the same order give the same state on every replica, and a bad command changes nothing.
    fn apply(&mut self, index: u64, command: &[u8]) -> Vec<u8>;

    /// The whole state as bytes.
    fn snapshot(&self) -> Vec<u8>;

    /// Replaces the whole state; on an error the old state stays.
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), MachineError>;
}

/// A snapshot that the machine cannot read.
#[derive(Debug, thiserror::Error)]
#[error("restoring the replicated state from a snapshot: {0}")]
pub struct MachineError(pub String);

/// The machine with its place in the log; clones share everything.
pub(crate) struct Replica<M> {
    shared: Arc<Shared<M>>,
    disk: Arc<Disk>,
}

struct Shared<M> {
    state: RwLock<State<M>>,
    applied: watch::Sender<u64>,
}

struct State<M> {
    machine: M,
    last: Option<LogId>,
    membership: StoredMembership,
}

impl<M> Clone for Replica<M> {
    fn clone(&self) -> Self {
        Self { shared: self.shared.clone(), disk: self.disk.clone() }
    }
}

impl<M: Machine> Replica<M> {
    /// A machine that has applied nothing yet; the library brings it up to date from snapshot and log.
    pub(super) fn new(machine: M, disk: Arc<Disk>) -> Self {
        let state = RwLock::new(State { machine, last: None, membership: StoredMembership::default() });
        Self { shared: Arc::new(Shared { state, applied: watch::Sender::new(0) }), disk }
    }

    /// Reads the local state, whatever its age.
    pub(super) fn peek<R>(&self, read: impl FnOnce(&M) -> R) -> R {
        read(&self.state().machine)
    }

    /// The index of the last applied log entry, as it moves.
    pub(super) fn applied(&self) -> watch::Receiver<u64> {
        self.shared.applied.subscribe()
    }

    fn state(&self) -> RwLockReadGuard<'_, State<M>> {
        self.shared.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State<M>> {
        self.shared.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn apply_one(&self, entry: Entry) -> Reply {
        let mut state = self.state_mut();
        let reply = match entry.payload {
            Payload::Blank => Reply::default(),
            Payload::Normal(command) => Reply(state.machine.apply(entry.log_id.index, &command.0)),
            Payload::Membership(members) => {
                state.membership = StoredMembership::new(Some(entry.log_id), members);
                Reply::default()
            }
        };
        state.last = Some(entry.log_id);
        drop(state);
        self.shared.applied.send_replace(entry.log_id.index);
        reply
    }

    /// Takes the snapshot of this moment; place and content are read under one lock.
    fn take(&self) -> (SnapshotMeta, Bytes) {
        let state = self.state();
        let meta = SnapshotMeta { last_log_id: state.last, last_membership: state.membership.clone() };
        (meta, state.machine.snapshot().into())
    }

    async fn store(&self, meta: &SnapshotMeta, data: Bytes) -> io::Result<()> {
        self.disk.write(Write::Snapshot(record::encode_snapshot(meta, &data), data)).await
    }

    async fn load(&self) -> io::Result<Option<Snapshot>> {
        let disk = self.disk.clone();
        let stored = tokio::task::spawn_blocking(move || disk.snapshot()).await.map_err(io::Error::other)??;
        let Some((meta, data)) = stored else { return Ok(None) };
        let meta = record::decode_snapshot(meta, &data).map_err(damaged)?;
        Ok(Some(Snapshot { meta, snapshot: data }))
    }

    /// Whether the disk already holds the snapshot described by `record`; so it is when the machine is restored at start.
    fn is_stored(&self, record: &[u8]) -> io::Result<bool> {
        Ok(self.disk.value(key::SNAPSHOT)?.is_some_and(|stored| stored == record))
    }
}

impl<M: Machine> RaftStateMachine<Types> for Replica<M> {
    type SnapshotData = Bytes;
    type SnapshotBuilder = Builder<M>;

    async fn applied_state(&mut self) -> io::Result<(Option<LogId>, StoredMembership)> {
        let state = self.state();
        Ok((state.last, state.membership.clone()))
    }

    async fn apply<S>(&mut self, mut entries: S) -> io::Result<()>
    where
        S: Stream<Item = io::Result<EntryResponder<Types>>> + Unpin + OptionalSend,
    {
        while let Some(item) = entries.next().await {
            let (entry, responder) = item?;
            let reply = self.apply_one(entry);
            if let Some(responder) = responder {
                responder.send(reply);
            }
        }
        Ok(())
    }

    async fn get_snapshot_builder(&mut self) -> Builder<M> {
        Builder { taken: self.take(), replica: self.clone() }
    }

    async fn install_snapshot(&mut self, meta: &SnapshotMeta, snapshot: Bytes) -> io::Result<()> {
        {
            let mut state = self.state_mut();
            state.machine.restore(&snapshot).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, e))?;
            state.last = meta.last_log_id;
            state.membership = meta.last_membership.clone();
        }
        self.shared.applied.send_replace(meta.last_log_id.map_or(0, |id| id.index));
        if self.is_stored(&record::encode_snapshot(meta, &snapshot))? {
            return Ok(());
        }
        self.store(meta, snapshot).await
    }

    async fn get_current_snapshot(&mut self) -> io::Result<Option<Snapshot>> {
        self.load().await
    }
}

/// Writes a snapshot that was taken when the builder was made.
pub(crate) struct Builder<M> {
    taken: (SnapshotMeta, Bytes),
    replica: Replica<M>,
}

impl<M: Machine> RaftSnapshotBuilder<Types> for Builder<M> {
    type SnapshotData = Bytes;

    async fn build_snapshot(&mut self) -> io::Result<Snapshot> {
        let (meta, data) = self.taken.clone();
        self.replica.store(&meta, data.clone()).await?;
        Ok(Snapshot { meta, snapshot: data })
    }
}
