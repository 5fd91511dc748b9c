//! sha256 of files, remembered while inode, size and change time stay the same.
//!
//! Knows nothing of what a digest is compared with.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use ha_domain::id::Digest;
use sha2::{Digest as _, Sha256};

use super::{HostError, blocking};

/// A file that changed more recently is not remembered: it could change again within one tick of its clock.
const SETTLED: Duration = Duration::from_secs(2);
/// More files than an agent ever looks at; beyond it the memory starts anew.
const MOST: usize = 4096;

/// What is remembered.
#[derive(Debug, Default)]
pub(super) struct Digests(Mutex<HashMap<PathBuf, (Print, Digest)>>);

/// What tells that a file did not change.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Print {
    device: u64,
    inode: u64,
    len: u64,
    changed: (i64, i64),
}

impl Digests {
    pub(super) async fn of(&self, path: &Path) -> Result<Option<Digest>, HostError> {
        let known = self.lock().get(path).cloned();
        let fresh = blocking("read", path, move |path| look(path, known)).await?;
        let Some((print, digest)) = fresh else {
            self.lock().remove(path);
            return Ok(None);
        };
        if print.settled() {
            let mut all = self.lock();
            if all.len() >= MOST {
                all.clear();
            }
            all.insert(path.to_owned(), (print, digest.clone()));
        }
        Ok(Some(digest))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<PathBuf, (Print, Digest)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Print {
    fn of(file: &File) -> io::Result<Self> {
        let m = file.metadata()?;
        Ok(Self { device: m.dev(), inode: m.ino(), len: m.len(), changed: (m.ctime(), m.ctime_nsec()) })
    }

    fn settled(&self) -> bool {
        let changed = UNIX_EPOCH + Duration::from_secs(self.changed.0.unsigned_abs());
        SystemTime::now().duration_since(changed).is_ok_and(|age| age > SETTLED)
    }
}

fn look(path: &Path, known: Option<(Print, Digest)>) -> io::Result<Option<(Print, Digest)>> {
    let mut file = match File::open(path) {
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(None),
        opened => opened?,
    };
    let print = Print::of(&file)?;
    match known {
        Some((old, digest)) if old == print => Ok(Some((print, digest))),
        _ => Ok(Some((print, hash(&mut file)?))),
    }
}

/// sha256 of what is left to read.
pub(super) fn hash(file: &mut impl Read) -> io::Result<Digest> {
    let mut sha = Sha256::new();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let n = match file.read(&mut buffer) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
            read => read?,
        };
        if n == 0 {
            return finish(sha);
        }
        sha.update(&buffer[..n]);
    }
}

/// The digest that a hasher came to.
pub(super) fn finish(sha: Sha256) -> io::Result<Digest> {
    Digest::try_from(hex::encode(sha.finalize())).map_err(io::Error::other)
}
