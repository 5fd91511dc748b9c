//! Files in the shared directory: written whole or not at all, and on the disk before the answer.
//!
//! It must not know HTTP.

use crate::password;
use ring::digest::{Context, SHA256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::fs::{self, File, OpenOptions};
use tokio::io::AsyncWriteExt;

/// The largest upload, in bytes.
pub const MAX_BYTES: usize = 32 * 1024 * 1024;
/// The most names a listing shows.
pub const MAX_NAMES: usize = 1000;

/// Where Joget keeps the files of a form's table.
pub fn folder(wflow_home: &Path) -> PathBuf {
    wflow_home.join("app_formuploads").join("standin")
}

/// A file that is being written under a name that no listing shows.
pub struct Partial {
    file: File,
    path: PathBuf,
    sum: Context,
    bytes: u64,
}

impl Partial {
    /// Begins a file with permission bits `mode` in `folder`, which is made when missing.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn begin(folder: &Path, mode: u32) -> io::Result<Self> {
        fs::create_dir_all(folder).await?;
        let path = folder.join(format!(".{}.part", password::random_hex::<8>()));
        let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&path).await?;
        Ok(Self { file, path, sum: Context::new(&SHA256), bytes: 0 })
    }

    /// Adds bytes.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn add(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sum.update(bytes);
        self.bytes += bytes.len() as u64;
        self.file.write_all(bytes).await
    }

    /// Puts the file on the disk under its name, replacing one of that name. Returns size and SHA-256.
    ///
    /// # Errors
    /// What the file system says.
    pub async fn finish(self, name: &Path) -> io::Result<(u64, String)> {
        self.file.sync_all().await?;
        fs::rename(&self.path, name).await?;
        if let Some(folder) = name.parent() {
            File::open(folder).await?.sync_all().await?;
        }
        Ok((self.bytes, hex::encode(self.sum.finish())))
    }

    /// Removes what was written so far.
    pub async fn abandon(self) {
        // A leftover is hidden from listings, so failing to remove it harms nobody.
        drop(fs::remove_file(&self.path).await);
    }
}

/// Names and sizes, in order of names.
///
/// # Errors
/// What the file system says; a folder that is not there is empty.
pub async fn list(folder: &Path) -> io::Result<Vec<(String, u64)>> {
    let mut entries = match fs::read_dir(folder).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other?,
    };
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        let name = entry.file_name().to_string_lossy().into_owned();
        if !name.starts_with('.') && names.len() < MAX_NAMES {
            names.push((name, entry.metadata().await?.len()));
        }
    }
    names.sort();
    Ok(names)
}

/// Writes a small file, reads it back and removes it.
///
/// # Errors
/// What the file system says.
pub async fn probe(wflow_home: &Path, pod: &str) -> io::Result<()> {
    let token = password::random_hex::<8>();
    let path = wflow_home.join(format!(".standin-probe-{token}"));
    let text = format!("{pod} {token}");
    let mut file = File::create_new(&path).await?;
    file.write_all(text.as_bytes()).await?;
    file.sync_all().await?;
    let read = fs::read(&path).await;
    fs::remove_file(&path).await?;
    if read? == text.as_bytes() { Ok(()) } else { Err(io::Error::other("what was read back is not what was written")) }
}

#[cfg(test)]
mod tests {
    use super::{Partial, folder, list, probe};

    #[tokio::test]
    async fn a_file_appears_only_when_it_is_whole() {
        let home = tempfile::tempdir().unwrap();
        let folder = folder(home.path());
        assert!(list(&folder).await.unwrap().is_empty());
        let mut partial = Partial::begin(&folder, 0o644).await.unwrap();
        partial.add(b"ab").await.unwrap();
        assert!(list(&folder).await.unwrap().is_empty());
        partial.add(b"c").await.unwrap();
        let (size, sum) = partial.finish(&folder.join("x.txt")).await.unwrap();
        assert_eq!((size, &sum[..8]), (3, "ba7816bf"));
        assert_eq!(list(&folder).await.unwrap(), vec![("x.txt".to_owned(), 3)]);
    }

    #[tokio::test]
    async fn a_probe_leaves_nothing_behind_and_fails_without_a_directory() {
        let home = tempfile::tempdir().unwrap();
        probe(home.path(), "pod").await.unwrap();
        assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 0);
        assert!(probe(&home.path().join("none"), "pod").await.is_err());
    }
}
