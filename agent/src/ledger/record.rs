//! What the ledger holds, and how it reads on disk. Pure.
//!
//! Knows nothing of the machine.

use std::path::{Path, PathBuf};

use ha_domain::id::Digest;
use serde::{Deserialize, Serialize};

/// What lies at an owned path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owned {
    /// A regular file.
    File,
    /// A folder with all that is in it.
    Dir,
    /// A symbolic link.
    Link,
}

/// A path that the agent made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// Where.
    pub path: PathBuf,
    /// What.
    pub kind: Owned,
    /// What a file's content must be; absent where it may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// The foreign file that was there before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub original: Option<Original>,
    /// The folder was there before, empty: a reset empties it and leaves it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub existed: bool,
}

/// A foreign file that was replaced, kept aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Original {
    /// Where it is kept.
    pub kept: PathBuf,
    /// Permission bits that it had.
    pub mode: u32,
}

impl Entry {
    /// Something at `path` of which nothing more is known.
    pub fn new(path: &Path, kind: Owned) -> Self {
        Self { path: path.to_owned(), kind, digest: None, original: None, existed: false }
    }
}

const VERSION: u32 = 1;

/// All of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    version: u32,
    #[serde(default)]
    entries: Vec<Entry>,
    #[serde(default)]
    units: Vec<String>,
    #[serde(default)]
    packages: Vec<String>,
}

impl Default for Record {
    fn default() -> Self {
        Self { version: VERSION, entries: Vec::new(), units: Vec::new(), packages: Vec::new() }
    }
}

impl Record {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let record: Self = serde_json::from_slice(bytes).map_err(|e| format!("it is damaged: {e}"))?;
        if record.version == VERSION {
            Ok(record)
        } else {
            Err(format!(
                "it is of version {}, this agent knows version {VERSION}; install the newer agent",
                record.version
            ))
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        // Plain data with text keys; only a path that is not UTF-8 could fail, and such paths are never owned.
        serde_json::to_vec_pretty(self).unwrap_or_default()
    }

    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }
    pub(super) fn units(&self) -> &[String] {
        &self.units
    }
    pub(super) fn packages(&self) -> &[String] {
        &self.packages
    }

    pub(super) fn entry(&self, path: &Path) -> Option<&Entry> {
        self.entries.iter().find(|e| e.path == path)
    }

    pub(super) fn owns(&self, path: &Path) -> bool {
        self.entries.iter().any(|e| e.path == path || (e.kind == Owned::Dir && path.starts_with(&e.path)))
    }

    /// Takes up an entry. What was there before us stays as it was first written down.
    pub(super) fn own(&mut self, new: Entry) -> bool {
        let Some(old) = self.entries.iter_mut().find(|e| e.path == new.path) else {
            self.entries.push(new);
            return true;
        };
        let next =
            Entry { original: old.original.clone().or(new.original), existed: old.existed || new.existed, ..new };
        let changed = *old != next;
        *old = next;
        changed
    }

    pub(super) fn own_unit(&mut self, name: &str) -> bool {
        add(&mut self.units, name)
    }
    pub(super) fn own_package(&mut self, name: &str) -> bool {
        add(&mut self.packages, name)
    }

    pub(super) fn forget(&mut self, path: &Path) -> bool {
        retain(&mut self.entries, |e| e.path != path)
    }
    pub(super) fn forget_unit(&mut self, name: &str) -> bool {
        retain(&mut self.units, |u| u != name)
    }
    pub(super) fn forget_packages(&mut self, names: &[&str]) -> bool {
        retain(&mut self.packages, |p| !names.contains(&p.as_str()))
    }
}

fn add(list: &mut Vec<String>, name: &str) -> bool {
    let new = !list.iter().any(|n| n == name);
    if new {
        list.push(name.to_owned());
    }
    new
}

fn retain<T>(list: &mut Vec<T>, keep: impl FnMut(&T) -> bool) -> bool {
    let before = list.len();
    list.retain(keep);
    list.len() != before
}
