//! Archives: regular files out of a tar, each put in place atomically.
//!
//! Refuses what could write outside the target folder: absolute names, `..`, hard links, links out of their own folder.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufReader, Read, Seek};
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};

use tar::{Archive, Entry, EntryType};

use super::places::{Draft, draft_path, make_dirs, remove_file, sync_parent};
use super::{HostError, Unpack, blocking};

pub(super) async fn unpack(what: Unpack<'_>) -> Result<(), HostError> {
    let plan = Plan {
        into: what.into.to_owned(),
        members: what.members.iter().map(|m| (*m).to_owned()).collect(),
        strip: what.strip,
    };
    blocking("unpack", what.archive, move |archive| plan.carry_out(archive)).await
}

struct Plan {
    into: PathBuf,
    members: BTreeSet<String>,
    strip: usize,
}

impl Plan {
    fn carry_out(&self, archive: &Path) -> io::Result<()> {
        let mut missing = self.members.clone();
        let mut folders = BTreeSet::new();
        for entry in Archive::new(open(archive)?).entries()? {
            let mut entry = entry?;
            let Some(path) = self.place(&entry.path()?)? else { continue };
            if let Some(name) = path.file_name().and_then(|n| n.to_str()) {
                if !self.members.is_empty() && !self.members.contains(name) {
                    continue;
                }
                if take(&mut entry, &self.into.join(&path))? {
                    missing.remove(name);
                    folders.insert(self.into.join(&path));
                }
            }
        }
        folders.iter().try_for_each(|path| sync_parent(path))?;
        match missing.into_iter().next() {
            None => Ok(()),
            Some(name) => Err(bad(&format!("it holds no file {name}"))),
        }
    }

    /// Where a member goes; `None` when nothing is left of its name.
    fn place(&self, member: &Path) -> io::Result<Option<PathBuf>> {
        let mut parts = Vec::new();
        for part in member.components() {
            match part {
                Component::Normal(part) => parts.push(part),
                Component::CurDir => {}
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    return Err(bad(&format!("its member {} leads out of the folder", member.display())));
                }
            }
        }
        let left: PathBuf = parts.into_iter().skip(self.strip).collect();
        Ok((!left.as_os_str().is_empty()).then_some(left))
    }
}

/// Says whether it was something to take.
fn take(entry: &mut Entry<'_, impl Read>, to: &Path) -> io::Result<bool> {
    match entry.header().entry_type() {
        EntryType::Regular | EntryType::Continuous | EntryType::GNUSparse => take_file(entry, to).map(|()| true),
        EntryType::Symlink => take_link(entry, to).map(|()| true),
        EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => Ok(false),
        other => Err(bad(&format!("its member {} is a {other:?}, which is not taken", to.display()))),
    }
}

fn take_file(entry: &mut Entry<'_, impl Read>, to: &Path) -> io::Result<()> {
    let mode = entry.header().mode()? & 0o777;
    let mut draft = Draft::beside(to)?;
    io::copy(entry, &mut draft.file())?;
    draft.settle(mode)?;
    draft.put()
}

fn take_link(entry: &Entry<'_, impl Read>, to: &Path) -> io::Result<()> {
    let target = entry.link_name()?.ok_or_else(|| bad("it holds a link to nowhere"))?;
    let parts: Vec<_> = target.components().collect();
    if !matches!(parts[..], [Component::Normal(_)]) {
        return Err(bad(&format!("its link {} leads out of its folder, to {}", to.display(), target.display())));
    }
    to.parent().map_or(Ok(()), make_dirs)?;
    let draft = draft_path(to)?;
    remove_file(&draft)?;
    symlink(&target, &draft)?;
    fs::rename(&draft, to)
}

fn open(archive: &Path) -> io::Result<Box<dyn Read>> {
    let mut file = File::open(archive)?;
    let mut magic = [0; 2];
    let gzip = file.read_exact(&mut magic).is_ok() && magic == [0x1f, 0x8b];
    file.rewind()?;
    let file = BufReader::with_capacity(1 << 18, file);
    Ok(if gzip { Box::new(flate2::bufread::MultiGzDecoder::new(file)) } else { Box::new(file) })
}

fn bad(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
