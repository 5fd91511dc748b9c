//! Putting bytes in place atomically: a draft beside the target, fsync, rename, fsync of the folder. Blocking.
//!
//! Knows nothing of what the bytes are.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt, fchown};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, OFlags, flock};

/// A file in the making beside its target, locked while it is written. Dropped before [`Draft::publish`], it is gone.
#[derive(Debug)]
pub(super) struct Draft {
    file: File,
    path: PathBuf,
    target: PathBuf,
    published: bool,
}

impl Draft {
    /// Begins; a leftover of an earlier crash is replaced, one that is being written is left alone.
    pub(super) fn beside(target: &Path) -> io::Result<Self> {
        let path = draft_path(target)?;
        if let Some(parent) = target.parent() {
            make_dirs(parent)?;
        }
        let file = claim(&path)?;
        Ok(Self { file, path, target: target.to_owned(), published: false })
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Makes it the target, with the owner of what it replaces.
    pub(super) fn publish(mut self, mode: u32) -> io::Result<()> {
        self.settle(mode)?;
        self.put()?;
        sync_parent(&self.target)
    }

    /// Like [`Draft::publish`], but not forced onto the disk.
    pub(super) fn publish_passing(mut self, mode: u32) -> io::Result<()> {
        self.dress(mode)?;
        self.put()
    }

    /// Owner, permission bits, and onto the disk.
    pub(super) fn settle(&self, mode: u32) -> io::Result<()> {
        self.dress(mode)?;
        self.file.sync_all()
    }

    fn dress(&self, mode: u32) -> io::Result<()> {
        if let Ok(old) = fs::symlink_metadata(&self.target)
            && old.is_file()
        {
            let new = self.file.metadata()?;
            if (old.uid(), old.gid()) != (new.uid(), new.gid()) {
                fchown(&self.file, Some(old.uid()), Some(old.gid()))?;
            }
        }
        self.file.set_permissions(Permissions::from_mode(mode))
    }

    /// Only the rename; the folder is synced by the caller.
    pub(super) fn put(&mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.target)?;
        self.published = true;
        Ok(())
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.published {
            // The next draft of the same target takes it away otherwise.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens an empty draft that is ours alone, readable by nobody else until its permission bits are set.
fn claim(path: &Path) -> io::Result<File> {
    let no_link = OFlags::NOFOLLOW.bits().cast_signed();
    for _ in 0..8 {
        let file =
            OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).custom_flags(no_link).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => break,
            locked => locked?,
        }
        // Whoever held it before may have renamed or removed it since it was opened.
        if fs::symlink_metadata(path).is_ok_and(|m| file.metadata().is_ok_and(|f| f.ino() == m.ino())) {
            file.set_len(0)?;
            file.set_permissions(Permissions::from_mode(0o600))?;
            return Ok(file);
        }
    }
    Err(io::Error::new(io::ErrorKind::ResourceBusy, "it is being written by somebody else just now"))
}

/// Hidden, so that programs which read whole folders leave it alone; the same each time, so that a crash leaves one at most.
pub(super) fn draft_path(target: &Path) -> io::Result<PathBuf> {
    let Some(name) = target.file_name() else {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "this is no name of a file"));
    };
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(name);
    hidden.push(".ha-draft");
    Ok(target.with_file_name(hidden))
}

/// Makes the missing folders of a path with 0755, each safely on disk.
pub(super) fn make_dirs(path: &Path) -> io::Result<()> {
    if path.as_os_str().is_empty() || fs::metadata(path).is_ok_and(|m| m.is_dir()) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        make_dirs(parent)?;
    }
    match DirBuilder::new().mode(0o755).create(path) {
        Ok(()) => {
            fs::set_permissions(path, Permissions::from_mode(0o755))?;
            sync_parent(path)
        }
        // Somebody else made it in between.
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        Err(e) => Err(e),
    }
}

/// Makes the name of `path` in its folder survive a power cut.
pub(super) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => File::open(parent)?.sync_all(),
        _ => Ok(()),
    }
}

/// Removes a file; absent is fine.
pub(super) fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}
