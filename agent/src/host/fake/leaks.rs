//! Where secrets can be seen by others than root: arguments, variables, files that others can read, the agent's own records.
//!
//! Knows nothing of what the secrets are for.

use std::path::Path;

use crate::host::Command;

/// The agent's records; none of them is for secrets, whatever its mode.
const RECORDS: &str = "/var/lib/ha-mesh";

/// Watches for secrets on one machine.
#[derive(Debug, Clone, Default)]
pub(super) struct Leaks {
    secrets: Vec<String>,
    found: Vec<String>,
}

impl Leaks {
    pub(super) fn watch_for(&mut self, secrets: &[String]) {
        self.secrets = secrets.to_vec();
    }
    pub(super) fn found(&self) -> Vec<String> {
        self.found.clone()
    }

    /// A program is run.
    pub(super) fn look_at_command(&mut self, command: &Command<'_>) {
        let words = command.args.iter().copied().chain(command.env.iter().map(|(_, value)| *value));
        if words.into_iter().any(|word| self.secrets.iter().any(|s| word.contains(s.as_str()))) {
            self.found.push(format!("an argument of {}", command.program));
        }
    }

    /// A file is written.
    pub(super) fn look_at_file(&mut self, path: &Path, content: &[u8], mode: u32) {
        let holds = |s: &String| content.windows(s.len().max(1)).any(|part| part == s.as_bytes());
        if (mode & 0o077 != 0 || path.starts_with(RECORDS)) && self.secrets.iter().any(holds) {
            self.found.push(format!("{} with mode {mode:o}", path.display()));
        }
    }
}
