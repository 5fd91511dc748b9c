//! The thread that writes: it takes everything that waits, commits it as one transaction, then tells each caller.
//! Knows the tables, not what is in them.

use std::io;
use std::sync::{Arc, mpsc};

use bytes::Bytes;
use redb::{Database, Table, WriteTransaction};

use super::disk::{Done, LOG, META, OnFailure, SNAPSHOT, failed, key};

/// How many waiting writes go into one transaction: enough to share an fsync, few enough to answer soon.
const BATCH: usize = 1024;
/// The size of a stored piece of a snapshot.
const CHUNK: usize = 1 << 20;

/// One change of the file.
pub(super) enum Write {
    /// Log records with their indices.
    Append(Vec<(u64, Vec<u8>)>),
    /// Removes log records from this index on.
    TruncateFrom(u64),
    /// Removes log records up to and with this index; the marker is stored with it.
    Purge(u64, Vec<u8>),
    /// A single value.
    Value(&'static str, Vec<u8>),
    /// Replaces the snapshot: meta record and data.
    Snapshot(Vec<u8>, Bytes),
}

/// A change and whom to tell.
pub(super) struct Op {
    pub(super) write: Write,
    pub(super) done: Done,
}

pub(super) struct Writer {
    pub(super) db: Arc<Database>,
    pub(super) on_failure: OnFailure,
}

impl Writer {
    /// Makes sure that readers find every table.
    pub(super) fn create_tables(&self) -> Result<(), redb::Error> {
        let txn = self.db.begin_write()?;
        txn.open_table(LOG)?;
        txn.open_table(META)?;
        txn.open_table(SNAPSHOT)?;
        Ok(txn.commit()?)
    }

    /// Serves until the last sender is gone, or until a write fails: after that nothing is written any more.
    pub(super) fn run(self, inbox: &mpsc::Receiver<Op>) {
        while let Ok(first) = inbox.recv() {
            let (writes, calls): (Vec<_>, Vec<_>) =
                std::iter::once(first).chain(inbox.try_iter().take(BATCH - 1)).map(|op| (op.write, op.done)).unzip();
            let outcome = self.commit(writes).map_err(failed);
            if let Err(error) = &outcome {
                (self.on_failure)(error);
            }
            for done in calls {
                done(outcome.as_ref().copied().map_err(|e| io::Error::new(e.kind(), e.to_string())));
            }
            if outcome.is_err() {
                return;
            }
        }
    }

    fn commit(&self, writes: Vec<Write>) -> Result<(), redb::Error> {
        let txn = self.db.begin_write()?;
        {
            let mut log = txn.open_table(LOG)?;
            let mut meta = txn.open_table(META)?;
            for write in writes {
                apply(&txn, write, &mut log, &mut meta)?;
            }
        }
        Ok(txn.commit()?)
    }
}

fn apply(
    txn: &WriteTransaction,
    write: Write,
    log: &mut Table<'_, u64, &'static [u8]>,
    meta: &mut Table<'_, &'static str, &'static [u8]>,
) -> Result<(), redb::Error> {
    match write {
        Write::Append(records) => {
            for (index, record) in records {
                log.insert(index, record.as_slice())?;
            }
        }
        Write::TruncateFrom(index) => log.retain_in(index.., |_, _| false)?,
        Write::Purge(index, marker) => {
            log.retain_in(..=index, |_, _| false)?;
            meta.insert(key::PURGED, marker.as_slice())?;
        }
        Write::Value(key, value) => drop(meta.insert(key, value.as_slice())?),
        Write::Snapshot(record, data) => {
            let mut chunks = txn.open_table(SNAPSHOT)?;
            chunks.retain(|_, _| false)?;
            for (number, chunk) in data.chunks(CHUNK).enumerate() {
                chunks.insert(number as u64, chunk)?;
            }
            meta.insert(key::SNAPSHOT, record.as_slice())?;
        }
    }
    Ok(())
}
