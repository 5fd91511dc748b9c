//! Counting of host calls, and what goes wrong at which of them.
//!
//! Knows nothing of what the calls do.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::host::HostError;

/// Calls that need room on the disk.
const WRITING: [&str; 8] = ["write", "append", "copy", "make_dir", "link", "download", "unpack", "install_packages"];

/// Per machine; counting begins at 1 with each [`Faults::clear`].
#[derive(Debug, Clone, Default)]
pub(super) struct Faults {
    calls: Vec<&'static str>,
    stop_before: Option<usize>,
    stop_after: Option<usize>,
    errors: BTreeMap<usize, HostError>,
    full_from: Option<usize>,
    stopped: bool,
}

impl Faults {
    /// Forgets all, and lets a stopped agent go on.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
    pub(super) fn stop_before(&mut self, call: usize) {
        self.stop_before = Some(call);
    }
    pub(super) fn stop_after(&mut self, call: usize) {
        self.stop_after = Some(call);
    }
    pub(super) fn fail_at(&mut self, call: usize, error: HostError) {
        self.errors.insert(call, error);
    }
    pub(super) fn full_from(&mut self, call: usize) {
        self.full_from = Some(call);
    }
    pub(super) fn calls(&self) -> &[&'static str] {
        &self.calls
    }

    pub(super) fn has_stopped(&self) -> bool {
        self.stopped
    }

    /// Counts a call; an error when it must not happen.
    pub(super) fn enter(&mut self, what: &'static str) -> Result<(), HostError> {
        if self.stopped {
            return Err(HostError::Stopped);
        }
        self.calls.push(what);
        if self.stop_before == Some(self.calls.len()) {
            self.stopped = true;
            return Err(HostError::Stopped);
        }
        if self.full_from.is_some_and(|n| n <= self.calls.len()) && WRITING.contains(&what) {
            let reason = "No space left on device (os error 28)".to_owned();
            return Err(HostError::File { doing: what, path: PathBuf::from("/"), reason });
        }
        self.errors.remove(&self.calls.len()).map_or(Ok(()), Err)
    }

    /// After the effect of the last call: an error when its answer must not be heard any more.
    pub(super) fn leave(&mut self) -> Result<(), HostError> {
        if self.stopped || self.stop_after.is_some_and(|n| n <= self.calls.len()) {
            self.stopped = true;
            return Err(HostError::Stopped);
        }
        Ok(())
    }
}
