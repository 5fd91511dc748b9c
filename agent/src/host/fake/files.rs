//! Files, folders and links in memory.
//!
//! Knows nothing of what is in them.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use ha_domain::id::Digest;

use crate::host::{HostError, Stat};

/// What lies at a path.
#[derive(Debug, Clone)]
pub(super) enum Node {
    File(Content),
    Dir { mode: u32 },
    Link(PathBuf),
}

/// A file.
#[derive(Debug, Clone)]
pub(super) struct Content {
    pub(super) bytes: Vec<u8>,
    pub(super) mode: u32,
    /// Of a downloaded file: where it came from, and the digest that was asked for.
    pub(super) download: Option<(String, Digest)>,
}

impl Content {
    pub(super) fn new(bytes: &[u8], mode: u32) -> Self {
        Self { bytes: bytes.to_vec(), mode, download: None }
    }
}

/// The file system of a machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Files(BTreeMap<PathBuf, Node>);

fn refuse(doing: &'static str, path: &Path, reason: &str) -> HostError {
    HostError::File { doing, path: path.to_owned(), reason: reason.to_owned() }
}

impl Files {
    /// The path with all links followed.
    fn real(&self, path: &Path) -> PathBuf {
        let mut real = PathBuf::from("/");
        for part in path.components() {
            match part {
                Component::Normal(name) => real.push(name),
                Component::ParentDir => drop(real.pop()),
                Component::RootDir | Component::CurDir | Component::Prefix(_) => {}
            }
            for _ in 0..8 {
                let Some(Node::Link(target)) = self.0.get(&real) else { break };
                let target = target.clone();
                real.pop();
                // An absolute target replaces what is there.
                real = real.join(target);
            }
        }
        real
    }

    /// The path with the links of its folders followed, not its own.
    fn entry(&self, path: &Path) -> PathBuf {
        match (path.parent(), path.file_name()) {
            (Some(parent), Some(name)) => self.real(parent).join(name),
            (None, _) | (_, None) => PathBuf::from("/"),
        }
    }

    pub(super) fn get(&self, path: &Path) -> Option<&Content> {
        match self.0.get(&self.real(path)) {
            Some(Node::File(content)) => Some(content),
            Some(Node::Dir { .. } | Node::Link(_)) | None => None,
        }
    }

    pub(super) fn text(&self, path: &str) -> Option<String> {
        self.get(Path::new(path)).map(|c| String::from_utf8_lossy(&c.bytes).into_owned())
    }

    pub(super) fn part(&self, path: &Path, offset: u64, most: usize) -> Result<Vec<u8>, HostError> {
        let content = self.get(path).ok_or_else(|| refuse("read", path, "no such file or directory"))?;
        let skipped = content.bytes.iter().skip(usize::try_from(offset).unwrap_or(usize::MAX));
        Ok(skipped.take(most).copied().collect())
    }

    pub(super) fn has(&self, path: &str) -> bool {
        self.stat(Path::new(path)).is_some()
    }

    pub(super) fn digest(&self, path: &Path) -> Option<Digest> {
        self.get(path).map(|c| c.download.as_ref().map_or_else(|| Digest::of(&c.bytes), |(_, digest)| digest.clone()))
    }

    pub(super) fn stat(&self, path: &Path) -> Option<Stat> {
        match self.0.get(&self.real(path))? {
            Node::File(c) => Some(Stat { is_dir: false, mode: c.mode, len: c.bytes.len() as u64 }),
            Node::Dir { mode } => Some(Stat { is_dir: true, mode: *mode, len: 4096 }),
            Node::Link(_) => None,
        }
    }

    pub(super) fn list(&self, dir: &Path) -> Vec<String> {
        let dir = self.real(dir);
        let below = self.0.keys().filter(|p| p.parent() == Some(&dir));
        below.filter_map(|p| p.file_name()).map(|n| n.to_string_lossy().into_owned()).collect()
    }

    pub(super) fn make_dirs(&mut self, path: &Path) -> Result<(), HostError> {
        let real = self.real(path);
        for folder in real.ancestors().collect::<Vec<_>>().into_iter().rev() {
            match self.0.get(folder) {
                Some(Node::Dir { .. }) => {}
                Some(Node::File(_) | Node::Link(_)) => return Err(refuse("make folder", folder, "not a directory")),
                None => drop(self.0.insert(folder.to_owned(), Node::Dir { mode: 0o755 })),
            }
        }
        Ok(())
    }

    pub(super) fn make_dir(&mut self, path: &Path, mode: u32) -> Result<(), HostError> {
        self.make_dirs(path)?;
        self.0.insert(self.real(path), Node::Dir { mode });
        Ok(())
    }

    /// Puts a file or link in place of a file or link.
    pub(super) fn put(&mut self, path: &Path, node: Node) -> Result<(), HostError> {
        path.parent().map_or(Ok(()), |parent| self.make_dirs(parent))?;
        let entry = self.entry(path);
        if let Some(Node::Dir { .. }) = self.0.get(&entry) {
            return Err(refuse("write", path, "is a directory"));
        }
        self.0.insert(entry, node);
        Ok(())
    }

    pub(super) fn write(&mut self, path: &str, text: &str) {
        // A world's own files are where no folder is.
        let _ = self.put(Path::new(path), Node::File(Content::new(text.as_bytes(), 0o644)));
    }

    pub(super) fn program(&mut self, path: &str) {
        let _ = self.put(Path::new(path), Node::File(Content::new(b"simulated program", 0o755)));
    }

    pub(super) fn append(&mut self, path: &Path, bytes: &[u8]) -> Result<(), HostError> {
        let mut content = self.get(path).cloned().unwrap_or(Content::new(b"", 0o600));
        content.bytes.extend_from_slice(bytes);
        let real = self.real(path);
        self.put(&real, Node::File(content))
    }

    pub(super) fn copy(&mut self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
        let source = self.get(from).cloned().ok_or_else(|| refuse("copy to", to, "no such file or directory"))?;
        self.put(to, Node::File(Content { mode, ..source }))
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> Result<(), HostError> {
        let from = self.entry(from);
        if !self.0.contains_key(&from) {
            return Err(refuse("rename to", to, "no such file or directory"));
        }
        to.parent().map_or(Ok(()), |parent| self.make_dirs(parent))?;
        let to = self.entry(to);
        let moved: Vec<_> = self.0.keys().filter(|p| p.starts_with(&from)).cloned().collect();
        for path in moved {
            if let (Some(node), Ok(rest)) = (self.0.remove(&path), path.strip_prefix(&from)) {
                // Joining nothing would leave a slash at the end.
                let place = if rest.as_os_str().is_empty() { to.clone() } else { to.join(rest) };
                self.0.insert(place, node);
            }
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, path: &Path) {
        let entry = self.entry(path);
        self.0.retain(|p, _| !p.starts_with(&entry));
    }
}
