//! How long the disk takes to say that a small write is safe: what etcd and the database live by.
//!
//! Judges nothing.

use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use super::places::{make_dirs, remove_file};
use super::{HostError, blocking};

const WRITES: usize = 20;

/// The 99th percentile, which of so few writes is the slowest.
pub(super) async fn latency(dir: &Path) -> Result<Duration, HostError> {
    blocking("measure fsync in", dir, |dir| {
        make_dirs(dir)?;
        let path = dir.join(".ha-fsync");
        remove_file(&path)?;
        let measured = measure(&path);
        remove_file(&path)?;
        measured
    })
    .await
}

fn measure(path: &Path) -> std::io::Result<Duration> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let mut slowest = Duration::ZERO;
    for _ in 0..WRITES {
        file.write_all(&[0x5a; 4096])?;
        let begun = Instant::now();
        file.sync_data()?;
        slowest = slowest.max(begun.elapsed());
    }
    Ok(slowest)
}
