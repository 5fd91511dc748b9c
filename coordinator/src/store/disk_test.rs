//! The disk's promises: done means durable, a failure is final, and what was written is there after opening again.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use redb::StorageBackend;
use redb::backends::InMemoryBackend;

use super::*;

/// A disk whose fsync can be made to fail.
#[derive(Debug, Clone, Default)]
struct Fragile {
    inner: Arc<InMemoryBackend>,
    broken: Arc<AtomicBool>,
    syncs: Arc<AtomicUsize>,
}

impl StorageBackend for Fragile {
    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.syncs.fetch_add(1, Ordering::SeqCst);
        match self.broken.load(Ordering::SeqCst) {
            true => Err(io::Error::other("fsync: input/output error")),
            false => self.inner.sync_data(),
        }
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.inner.write(offset, data)
    }
}

fn fragile() -> (Disk, Fragile, Arc<AtomicUsize>) {
    let backend = Fragile::default();
    let db = redb::Builder::new().create_with_backend(backend.clone()).unwrap();
    let failures = Arc::new(AtomicUsize::new(0));
    let count = failures.clone();
    let on_failure: OnFailure = Arc::new(move |_| _ = count.fetch_add(1, Ordering::SeqCst));
    (Disk::start(db, on_failure).unwrap(), backend, failures)
}

fn record(index: u64) -> Write {
    Write::Append(vec![(index, index.to_be_bytes().to_vec())])
}

#[tokio::test]
async fn a_failed_fsync_is_reported_once_and_nothing_is_written_after_it() {
    let (disk, backend, failures) = fragile();
    disk.write(record(1)).await.unwrap();
    assert_eq!(failures.load(Ordering::SeqCst), 0);
    backend.broken.store(true, Ordering::SeqCst);
    disk.write(record(2)).await.unwrap_err();
    assert_eq!(failures.load(Ordering::SeqCst), 1, "the process would have been stopped");
    backend.broken.store(false, Ordering::SeqCst);
    disk.write(record(3)).await.unwrap_err();
    assert_eq!(failures.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn writes_that_wait_share_an_fsync() {
    let (disk, backend, _) = fragile();
    let before = backend.syncs.load(Ordering::SeqCst);
    let mut waiting = tokio::task::JoinSet::new();
    for index in 0..500 {
        let (tx, rx) = oneshot::channel();
        disk.submit(record(index), Box::new(move |outcome| drop(tx.send(outcome))));
        waiting.spawn(rx);
    }
    for outcome in waiting.join_all().await {
        outcome.unwrap().unwrap();
    }
    assert!(backend.syncs.load(Ordering::SeqCst) - before < 250);
    assert_eq!(disk.records(0..1000).unwrap().len(), 500);
}

#[tokio::test]
async fn everything_is_there_after_closing_and_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("db");
    let disk = Disk::open(&path, abort()).unwrap();
    let state = Bytes::from(vec![7; 3 << 20]);
    for index in 1..=5 {
        disk.write(record(index)).await.unwrap();
    }
    disk.write(Write::Value(key::VOTE, b"vote".to_vec())).await.unwrap();
    disk.write(Write::Snapshot(b"old".to_vec(), Bytes::from(vec![1; 5 << 20]))).await.unwrap();
    disk.write(Write::Snapshot(b"meta".to_vec(), state.clone())).await.unwrap();
    disk.write(Write::Purge(2, b"two".to_vec())).await.unwrap();
    disk.write(Write::TruncateFrom(5)).await.unwrap();
    disk.note_committed(b"four".to_vec());
    disk.close();

    let disk = Disk::open(&path, abort()).unwrap();
    assert_eq!(disk.records(0..100).unwrap(), [3u64, 4].map(|i| Bytes::copy_from_slice(&i.to_be_bytes())));
    assert_eq!(disk.value(key::VOTE).unwrap().unwrap(), "vote");
    assert_eq!(disk.value(key::PURGED).unwrap().unwrap(), "two");
    assert_eq!(disk.value(key::COMMITTED).unwrap().unwrap(), "four");
    assert_eq!(disk.snapshot().unwrap().unwrap(), (Bytes::from_static(b"meta"), state));
}

/// Set in the child process that is to be stopped by its failing disk.
const CHILD: &str = "HA_STORE_FAILING_DISK";

#[test]
fn a_failed_disk_stops_the_process() {
    if std::env::var_os(CHILD).is_some() {
        abort()(&io::Error::other("fsync: input/output error"));
        return;
    }
    use std::os::unix::process::ExitStatusExt as _;
    let name = "store::disk::test::a_failed_disk_stops_the_process";
    let mut child = std::process::Command::new(std::env::current_exe().unwrap());
    let output = child.args(["--exact", name]).env(CHILD, "1").output().unwrap();
    assert_eq!(output.status.signal(), Some(6), "SIGABRT");
}
