//! While packages are installed, nothing starts by itself: `policy-rc.d`, which Debian's maintainer scripts ask.
//!
//! Survives a crash: ours is recognised by its text and taken away at the next start. An administrator's own stays.

use std::io::Write;
use std::path::{Path, PathBuf};

use super::{HostError, said};
use crate::host::real::places::{Draft, remove_file};

const POLICY: &str = "/usr/sbin/policy-rc.d";
const TEXT: &str =
    "#!/bin/sh\n# Managed by ha-mesh: nothing starts while packages are installed. Safe to delete.\nexit 101\n";

/// Nothing starts while this lives.
#[derive(Debug)]
pub(super) struct Quiet {
    ours: Option<PathBuf>,
}

impl Quiet {
    pub(super) fn begin() -> Result<Self, HostError> {
        Self::at(Path::new(POLICY))
    }

    fn at(policy: &Path) -> Result<Self, HostError> {
        if policy.exists() && !is_ours(policy) {
            return Ok(Self { ours: None });
        }
        let made = Draft::beside(policy).and_then(|draft| {
            draft.file().write_all(TEXT.as_bytes())?;
            draft.publish(0o755)
        });
        made.map_err(|e| failed("write", policy, &e))?;
        Ok(Self { ours: Some(policy.to_owned()) })
    }

    pub(super) fn end(mut self) -> Result<(), HostError> {
        match self.ours.take() {
            Some(policy) => remove_file(&policy).map_err(|e| failed("remove", &policy, &e)),
            None => Ok(()),
        }
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(policy) = self.ours.take()
            && let Err(e) = remove_file(&policy)
        {
            tracing::error!(error = %e, "{} could not be removed: services would not start after updates", policy.display());
        }
    }
}

/// Takes away what a crash left.
pub(in crate::host::real) fn clear_leftover() -> Result<(), HostError> {
    clear(Path::new(POLICY))
}

fn clear(policy: &Path) -> Result<(), HostError> {
    if is_ours(policy) {
        remove_file(policy).map_err(|e| failed("remove", policy, &e))?;
    }
    Ok(())
}

fn is_ours(policy: &Path) -> bool {
    std::fs::read(policy).is_ok_and(|content| content == TEXT.as_bytes())
}

fn failed(doing: &'static str, path: &Path, e: &std::io::Error) -> HostError {
    HostError::File { doing, path: path.to_owned(), reason: said(e) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_there_while_packages_are_installed_and_gone_afterwards() {
        let dir = tempfile::tempdir().unwrap();
        let policy = dir.path().join("policy-rc.d");
        let quiet = Quiet::at(&policy).unwrap();
        assert!(is_ours(&policy));
        quiet.end().unwrap();
        assert!(!policy.exists());
        drop(Quiet::at(&policy).unwrap());
        assert!(!policy.exists());
    }

    #[test]
    fn what_a_crash_left_is_cleared_and_an_administrators_own_stays() {
        let dir = tempfile::tempdir().unwrap();
        let policy = dir.path().join("policy-rc.d");
        std::mem::forget(Quiet::at(&policy).unwrap());
        clear(&policy).unwrap();
        assert!(!policy.exists());
        std::fs::write(&policy, "#!/bin/sh\nexit 0\n").unwrap();
        Quiet::at(&policy).unwrap().end().unwrap();
        clear(&policy).unwrap();
        assert_eq!(std::fs::read_to_string(&policy).unwrap(), "#!/bin/sh\nexit 0\n");
    }
}
