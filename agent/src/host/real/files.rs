//! Files and folders.
//!
//! Knows nothing of what is in them.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use super::places::{Draft, draft_path, make_dirs, remove_file, sync_parent};
use super::{HostError, NewFile, Stat, blocking};

/// One draft at a time: two of the same target would share a name.
#[derive(Debug, Default)]
pub(super) struct Files(tokio::sync::Mutex<()>);

impl Files {
    pub(super) async fn write(&self, file: NewFile<'_>) -> Result<(), HostError> {
        let _one_at_a_time = self.0.lock().await;
        let (content, mode) = (file.content.to_vec(), file.mode);
        blocking("write", file.path, move |path| {
            let draft = Draft::beside(path)?;
            draft.file().write_all(&content)?;
            draft.publish(mode)
        })
        .await
    }

    pub(super) async fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
        let _one_at_a_time = self.0.lock().await;
        let source = from.to_owned();
        blocking("copy to", to, move |path| {
            let mut source =
                File::open(&source).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", source.display())))?;
            let draft = Draft::beside(path)?;
            io::copy(&mut source, &mut draft.file())?;
            draft.publish(mode)
        })
        .await
    }

    pub(super) async fn link(&self, target: &Path, path: &Path) -> Result<(), HostError> {
        let _one_at_a_time = self.0.lock().await;
        let target = target.to_owned();
        blocking("link", path, move |path| {
            let draft = draft_path(path)?;
            path.parent().map_or(Ok(()), make_dirs)?;
            remove_file(&draft)?;
            symlink(&target, &draft)?;
            fs::rename(&draft, path)?;
            sync_parent(path)
        })
        .await
    }
}

pub(super) async fn read(path: &Path) -> Result<Option<Vec<u8>>, HostError> {
    blocking("read", path, |path| absent_is_none(fs::read(path))).await
}

pub(super) async fn read_part(path: &Path, offset: u64, most: usize) -> Result<Vec<u8>, HostError> {
    blocking("read", path, move |path| {
        let mut file = File::open(path)?;
        file.seek(SeekFrom::Start(offset))?;
        let mut part = Vec::with_capacity(most);
        file.take(most as u64).read_to_end(&mut part)?;
        Ok(part)
    })
    .await
}

pub(super) async fn append(path: &Path, bytes: &[u8]) -> Result<(), HostError> {
    let bytes = bytes.to_vec();
    blocking("append to", path, move |path| {
        let new = !path.exists();
        if new {
            path.parent().map_or(Ok(()), make_dirs)?;
        }
        let mut file = OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        file.write_all(&bytes)?;
        file.sync_data()?;
        if new { sync_parent(path) } else { Ok(()) }
    })
    .await
}

pub(super) async fn rename(from: &Path, to: &Path) -> Result<(), HostError> {
    let from = from.to_owned();
    blocking("rename to", to, move |to| {
        to.parent().map_or(Ok(()), make_dirs)?;
        fs::rename(&from, to)?;
        sync_parent(to)?;
        if from.parent() == to.parent() { Ok(()) } else { sync_parent(&from) }
    })
    .await
}

pub(super) async fn remove(path: &Path) -> Result<(), HostError> {
    blocking("remove", path, |path| {
        let Some(there) = absent_is_none(fs::symlink_metadata(path))? else { return Ok(()) };
        if there.is_dir() {
            refuse_mounts(path)?;
            fs::remove_dir_all(path)?;
        } else {
            fs::remove_file(path)?;
        }
        sync_parent(path)
    })
    .await
}

/// Another file system below a folder may be shared with other machines: it is never emptied in passing.
fn refuse_mounts(path: &Path) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let mounts = fs::read_to_string("/proc/self/mountinfo")?;
    let inside = |point: &str| Path::new(&point.replace("\\040", " ")).starts_with(&path);
    match mounts.lines().filter_map(|line| line.split(' ').nth(4)).find(|point| inside(point)) {
        None => Ok(()),
        Some(point) => Err(io::Error::other(format!("{point} is mounted there; unmount it first"))),
    }
}

/// With these permission bits also where it was there before.
pub(super) async fn make_dir(path: &Path, mode: u32) -> Result<(), HostError> {
    blocking("make folder", path, move |path| {
        make_dirs(path)?;
        if fs::metadata(path)?.permissions().mode() & 0o7777 == mode {
            return Ok(());
        }
        fs::set_permissions(path, Permissions::from_mode(mode))
    })
    .await
}

pub(super) async fn stat(path: &Path) -> Result<Option<Stat>, HostError> {
    blocking("look at", path, |path| {
        let found = absent_is_none(fs::metadata(path))?;
        Ok(found.map(|m| Stat { is_dir: m.is_dir(), mode: m.permissions().mode() & 0o7777, len: m.len() }))
    })
    .await
}

pub(super) async fn list(dir: &Path) -> Result<Vec<String>, HostError> {
    blocking("list", dir, |dir| {
        let Some(entries) = absent_is_none(fs::read_dir(dir))? else { return Ok(Vec::new()) };
        let mut names = Vec::new();
        for entry in entries {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        names.sort();
        Ok(names)
    })
    .await
}

/// Of the nearest folder that exists.
pub(super) async fn free_space(path: &Path) -> Result<u64, HostError> {
    blocking("measure the free space of", path, |path| {
        let there = path.ancestors().find(|p| p.exists()).unwrap_or(Path::new("/"));
        let stat = rustix::fs::statvfs(there)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    })
    .await
}

fn absent_is_none<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => Ok(None),
        Err(e) => Err(e),
    }
}
