//! Small files that survive a power cut: written beside their place, synced, renamed into it, folder synced.
//!
//! Knows nothing of what is in them. Key files are made 0600 from the first byte, and refused when others can read them.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use crate::error::Error;
use crate::secret::Secret;

/// Larger than any certificate, key or seal we keep.
const MAX_BYTES: u64 = 1024 * 1024;

/// Who may read a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Readers {
    /// The owner only (0600).
    Owner,
    /// Everybody (0644).
    Everybody,
}

impl Readers {
    fn mode(self) -> u32 {
        match self {
            Self::Owner => 0o600,
            Self::Everybody => 0o644,
        }
    }
}

/// Writes `bytes` to `path` and syncs them; the name may still be lost until [`sync_dir`].
pub(crate) fn write_synced(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        // A leftover of a crash might have other permissions: begin anew.
        match fs::remove_file(path) {
            Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut file = OpenOptions::new().write(true).create_new(true).mode(readers.mode()).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(|source| Error::File { doing: "write", path: path.to_owned(), source })
}

/// Puts `bytes` at `path` so that a reader, or a crash, sees the old or the new file and never a part.
pub(crate) fn replace(path: &Path, bytes: &[u8], readers: Readers) -> Result<(), Error> {
    let next = path.with_added_extension("next");
    write_synced(&next, bytes, readers)?;
    rename(&next, path)
}

/// Renames and syncs the folder.
pub(crate) fn rename(from: &Path, to: &Path) -> Result<(), Error> {
    fs::rename(from, to).map_err(|source| Error::File { doing: "rename", path: from.to_owned(), source })?;
    sync_dir(to)
}

/// Makes renames in the folder of `path` durable.
fn sync_dir(path: &Path) -> Result<(), Error> {
    let dir = path.parent().unwrap_or(Path::new("."));
    let sync = || File::open(dir)?.sync_all();
    sync().map_err(|source| Error::File { doing: "sync the folder", path: dir.to_owned(), source })
}

/// Reads a text file that anybody may read.
pub(crate) fn read_text(path: &Path) -> Result<String, Error> {
    let read = || {
        let mut text = String::new();
        File::open(path)?.take(MAX_BYTES).read_to_string(&mut text)?;
        Ok(text)
    };
    read().map_err(|source| Error::File { doing: "read", path: path.to_owned(), source })
}

/// Reads a secret text file, and refuses one that others can read.
pub(crate) fn read_secret(path: &Path) -> Result<Secret<String>, Error> {
    let at = |source| Error::File { doing: "read", path: path.to_owned(), source };
    let file = File::open(path).map_err(at)?;
    let mode = file.metadata().map_err(at)?.permissions().mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(Error::Exposed { path: path.to_owned(), mode });
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(at)?;
    Ok(Secret::new(text))
}
