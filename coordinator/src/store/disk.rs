//! One redb file: log, vote, markers and snapshot, as bytes. Knows nothing of consensus or of what the bytes mean.
//!
//! All writing is done by one thread (see [`writer`]), which joins what is waiting into one transaction and one fsync.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use bytes::Bytes;
use redb::{Database, ReadableDatabase as _, ReadableTable as _, TableDefinition};
use tokio::sync::oneshot;

use super::writer::{self, Op, Write};

pub(super) const LOG: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("log");
pub(super) const META: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("meta");
pub(super) const SNAPSHOT: TableDefinition<'_, u64, &[u8]> = TableDefinition::new("snapshot");

/// The page cache; the hot end of the log is kept in memory beside it, so little is enough.
const CACHE: usize = 8 << 20;

/// The names of single values.
pub(super) mod key {
    pub(in crate::store) const IDENTITY: &str = "identity";
    pub(in crate::store) const VOTE: &str = "vote";
    pub(in crate::store) const COMMITTED: &str = "committed";
    pub(in crate::store) const PURGED: &str = "purged";
    pub(in crate::store) const SNAPSHOT: &str = "snapshot";
}

/// What to do when the disk fails. After a failed fsync nobody knows what is durable, so the only honest answer is to
/// stop at once and start again from what is really there.
pub(super) type OnFailure = Arc<dyn Fn(&io::Error) + Send + Sync>;

/// Logs the failure and aborts the process.
pub(super) fn abort() -> OnFailure {
    Arc::new(|error| {
        tracing::error!(%error, "the coordinator's disk failed: stopping at once; check the disk before starting again");
        std::process::abort()
    })
}

/// Called with the outcome once a write is durable (or has failed).
pub(super) type Done = Box<dyn FnOnce(io::Result<()>) + Send>;

/// The open file and its writer thread.
pub(super) struct Disk {
    /// Taken out when closed.
    db: Mutex<Option<Arc<Database>>>,
    queue: Mutex<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    on_failure: OnFailure,
}

#[derive(Default)]
struct Queue {
    /// None when closed.
    ops: Option<mpsc::Sender<Op>>,
    /// The newest `committed` marker. It is written with the next write, since it saves work after a restart but no
    /// promise depends on it; and never before the entries it covers, which are queued already.
    committed: Option<Vec<u8>>,
}

impl Queue {
    fn send(&mut self, op: Op) -> Result<(), Op> {
        let Some(ops) = &self.ops else { return Err(op) };
        if let Some(marker) = self.committed.take() {
            let marker = Op { write: Write::Value(key::COMMITTED, marker), done: Box::new(drop) };
            ops.send(marker).map_err(|e| e.0)?;
        }
        ops.send(op).map_err(|e| e.0)
    }
}

impl Disk {
    /// Opens or creates the file at `path`.
    pub(super) fn open(path: &Path, on_failure: OnFailure) -> io::Result<Self> {
        let db = redb::Builder::new().set_cache_size(CACHE).create(path).map_err(failed)?;
        Self::start(db, on_failure)
    }

    /// Starts the writer of an open database.
    pub(super) fn start(db: Database, on_failure: OnFailure) -> io::Result<Self> {
        let db = Arc::new(db);
        let (ops, inbox) = mpsc::channel();
        let writer = writer::Writer { db: db.clone(), on_failure: on_failure.clone() };
        writer.create_tables().map_err(failed)?;
        let thread = std::thread::Builder::new().name("store-writer".to_owned()).spawn(move || writer.run(&inbox))?;
        let queue = Mutex::new(Queue { ops: Some(ops), committed: None });
        Ok(Self { db: Mutex::new(Some(db)), queue, thread: Mutex::new(Some(thread)), on_failure })
    }

    /// Queues a write; `done` is called from the writer thread.
    pub(super) fn submit(&self, write: Write, done: Done) {
        if let Err(op) = lock(&self.queue).send(Op { write, done }) {
            (op.done)(Err(closed()));
        }
    }

    /// Writes and waits until it is durable.
    pub(super) async fn write(&self, write: Write) -> io::Result<()> {
        let (tx, rx) = oneshot::channel();
        self.submit(write, Box::new(move |outcome| drop(tx.send(outcome))));
        rx.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Notes the commit marker; it becomes durable with the next write.
    pub(super) fn note_committed(&self, record: Vec<u8>) {
        lock(&self.queue).committed = Some(record);
    }

    /// The log records with an index in `range`, in order.
    pub(super) fn records(&self, range: Range<u64>) -> io::Result<Vec<Bytes>> {
        self.reading(|db| {
            let table = db.begin_read()?.open_table(LOG)?;
            table.range(range)?.map(|item| Ok(Bytes::copy_from_slice(item?.1.value()))).collect()
        })
    }

    /// The last log record.
    pub(super) fn last_record(&self) -> io::Result<Option<Bytes>> {
        self.reading(|db| Ok(db.begin_read()?.open_table(LOG)?.last()?.map(|(_, v)| Bytes::copy_from_slice(v.value()))))
    }

    /// A single value.
    pub(super) fn value(&self, key: &str) -> io::Result<Option<Bytes>> {
        self.reading(|db| Ok(db.begin_read()?.open_table(META)?.get(key)?.map(|v| Bytes::copy_from_slice(v.value()))))
    }

    /// The snapshot's meta record and data, as one consistent pair.
    pub(super) fn snapshot(&self) -> io::Result<Option<(Bytes, Bytes)>> {
        self.reading(|db| {
            let txn = db.begin_read()?;
            let Some(meta) = txn.open_table(META)?.get(key::SNAPSHOT)?.map(|v| Bytes::copy_from_slice(v.value()))
            else {
                return Ok(None);
            };
            let mut data = Vec::new();
            for chunk in txn.open_table(SNAPSHOT)?.iter()? {
                data.extend_from_slice(chunk?.1.value());
            }
            Ok(Some((meta, data.into())))
        })
    }

    /// Finishes what is queued and closes the file, so that it can be opened again.
    pub(super) fn close(&self) {
        let Queue { ops, committed } = std::mem::take(&mut *lock(&self.queue));
        if let (Some(ops), Some(marker)) = (ops, committed) {
            // If the writer is gone, so is the use of the marker.
            drop(ops.send(Op { write: Write::Value(key::COMMITTED, marker), done: Box::new(drop) }));
        }
        if let Some(thread) = lock(&self.thread).take()
            && thread.join().is_err()
        {
            tracing::error!("the store's writer panicked");
        }
        lock(&self.db).take();
    }

    fn reading<T>(&self, read: impl FnOnce(&Database) -> Result<T, redb::Error>) -> io::Result<T> {
        let Some(db) = lock(&self.db).clone() else { return Err(closed()) };
        read(&db).map_err(|e| {
            let error = failed(e);
            (self.on_failure)(&error);
            error
        })
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.close();
    }
}

/// A poisoned lock only means that a thread panicked; the values under our locks are always whole.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the store is closed")
}

pub(super) fn failed(error: impl Into<redb::Error>) -> io::Error {
    match error.into() {
        redb::Error::Io(e) => e,
        other => io::Error::other(other.to_string()),
    }
}

#[cfg(test)]
#[path = "disk_test.rs"]
mod test;
