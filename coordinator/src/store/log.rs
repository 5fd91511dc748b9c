//! The replicated log and the vote, as the consensus library wants them, on top of [`Disk`] and [`Tail`].
//! Knows nothing of what a command means.

use std::fmt::Debug;
use std::io;
use std::ops::{Bound, RangeBounds};
use std::sync::{Arc, Mutex};

use openraft::storage::{IOFlushed, LogState, RaftLogStorage};
use openraft::{OptionalSend, RaftLogReader};

use super::disk::{Disk, key, lock};
use super::record;
use super::tail::{Tail, size};
use super::types::{Entry, LogId, Types, Vote};
use super::writer::Write;

/// At most this many bytes of commands go into one message to a follower.
const MESSAGE: usize = 1 << 20;

/// The log store; clones share everything.
#[derive(Clone)]
pub(super) struct Log {
    disk: Arc<Disk>,
    state: Arc<Mutex<State>>,
}

struct State {
    vote: Option<Vote>,
    committed: Option<LogId>,
    purged: Option<LogId>,
    last: Option<LogId>,
    tail: Tail,
    /// The number of the last append handed to the disk.
    writes: u64,
}

impl Log {
    /// Reads where the log stands.
    pub(super) fn load(disk: Arc<Disk>) -> io::Result<Self> {
        let purged = disk.value(key::PURGED)?.map(record::decode_log_id).transpose().map_err(damaged)?;
        let last = disk.last_record()?.map(record::decode_entry).transpose().map_err(damaged)?;
        let state = State {
            vote: disk.value(key::VOTE)?.map(record::decode_vote).transpose().map_err(damaged)?,
            committed: disk.value(key::COMMITTED)?.map(record::decode_log_id).transpose().map_err(damaged)?,
            last: last.map(|entry| entry.log_id).max(purged),
            purged,
            tail: Tail::default(),
            writes: 0,
        };
        Ok(Self { disk, state: Arc::new(Mutex::new(state)) })
    }

    /// The entries in `start..end`: those still in memory, and before them those on disk.
    async fn entries(&self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        let (start, split, held) = {
            let state = lock(&self.state);
            let start = start.max(state.purged.map_or(0, |id| id.index + 1));
            let split = state.tail.first().unwrap_or(u64::MAX).clamp(start, end.max(start));
            (start, split, state.tail.range(split, end).cloned().collect::<Vec<_>>())
        };
        if start == split {
            return Ok(held);
        }
        let disk = self.disk.clone();
        let stored =
            tokio::task::spawn_blocking(move || disk.records(start..split)).await.map_err(io::Error::other)??;
        let stored = stored.into_iter().map(|bytes| record::decode_entry(bytes).map_err(damaged));
        stored.chain(held.into_iter().map(Ok)).collect()
    }
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<R>(&mut self, range: R) -> io::Result<Vec<Entry>>
    where
        R: RangeBounds<u64> + Clone + Debug + OptionalSend,
    {
        let start = match range.start_bound() {
            Bound::Included(i) => *i,
            Bound::Excluded(i) => i.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(i) => i.saturating_add(1),
            Bound::Excluded(i) => *i,
            Bound::Unbounded => u64::MAX,
        };
        self.entries(start, end).await
    }

    async fn read_vote(&mut self) -> io::Result<Option<Vote>> {
        Ok(lock(&self.state).vote)
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> io::Result<Vec<Entry>> {
        let mut entries = self.entries(start, end).await?;
        let mut total = 0;
        let fits = entries.iter().take_while(|entry| {
            total += size(entry);
            total <= MESSAGE
        });
        // One entry is sent however large it is: an empty answer would stop replication.
        let count = fits.count().max(1);
        entries.truncate(count);
        Ok(entries)
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> io::Result<LogState<Types>> {
        let state = lock(&self.state);
        Ok(LogState { last_purged_log_id: state.purged, last_log_id: state.last })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> io::Result<()> {
        self.disk.write(Write::Value(key::VOTE, record::encode_vote(vote))).await?;
        lock(&self.state).vote = Some(*vote);
        Ok(())
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> io::Result<()> {
        lock(&self.state).committed = committed;
        if let Some(id) = &committed {
            self.disk.note_committed(record::encode_log_id(id));
        }
        Ok(())
    }

    async fn read_committed(&mut self) -> io::Result<Option<LogId>> {
        Ok(lock(&self.state).committed)
    }

    async fn append<I>(&mut self, entries: I, callback: IOFlushed<Types>) -> io::Result<()>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let (write, records) = {
            let mut state = lock(&self.state);
            state.writes += 1;
            let write = state.writes;
            let mut records = Vec::new();
            for entry in entries {
                records.push((entry.log_id.index, record::encode_entry(&entry)));
                state.last = Some(entry.log_id);
                state.tail.push(write, entry);
            }
            (write, records)
        };
        let state = self.state.clone();
        let done = move |outcome: io::Result<()>| {
            if outcome.is_ok() {
                lock(&state).tail.flushed(write);
            }
            callback.io_completed(outcome);
        };
        self.disk.submit(Write::Append(records), Box::new(done));
        Ok(())
    }

    async fn truncate_after(&mut self, last: Option<LogId>) -> io::Result<()> {
        let from = last.map_or(0, |id| id.index + 1);
        {
            let mut state = lock(&self.state);
            state.tail.truncate_from(from);
            state.last = state.last.min(last).max(state.purged);
        }
        self.disk.write(Write::TruncateFrom(from)).await
    }

    async fn purge(&mut self, upto: LogId) -> io::Result<()> {
        {
            let mut state = lock(&self.state);
            state.tail.purge(upto.index);
            state.purged = Some(upto);
            state.last = state.last.max(state.purged);
        }
        // Nobody waits: the order of writes is kept, and a purged entry is never asked for again.
        self.disk.submit(Write::Purge(upto.index, record::encode_log_id(&upto)), Box::new(drop));
        Ok(())
    }
}

/// A record that does not decode is as bad as a disk that does not read.
pub(super) fn damaged(error: record::RecordError) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}
