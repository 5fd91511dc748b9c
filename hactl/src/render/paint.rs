//! Colours, where a terminal shows them and nobody asked for none. A coloured text says nothing that a plain one does not.

use std::io::IsTerminal as _;

use ha_domain::view::{Health, MachineState};
use ha_domain::whatif::Verdict;

/// Whether texts are coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// As they are.
    Plain,
    /// With colours.
    Coloured,
}

const GREEN: &str = "32";
const YELLOW: &str = "33";
const RED: &str = "31";
const BOLD: &str = "1";

impl Paint {
    /// For standard output: coloured on a terminal, unless `NO_COLOR` is set or the terminal is a dumb one.
    pub(crate) fn for_output() -> Self {
        let forbidden = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty());
        let dumb = std::env::var_os("TERM").is_none_or(|v| v == "dumb");
        if std::io::stdout().is_terminal() && !forbidden && !dumb { Self::Coloured } else { Self::Plain }
    }

    /// A header.
    pub(crate) fn header(self, text: &str) -> String {
        self.with(BOLD, text)
    }

    /// A text about something that is this well.
    pub(crate) fn health(self, health: Health, text: &str) -> String {
        match health {
            Health::Healthy => self.with(GREEN, text),
            Health::Building | Health::Unknown | Health::Degraded => self.with(YELLOW, text),
            Health::Failed => self.with(RED, text),
        }
    }

    /// A text about a machine in this state.
    pub(crate) fn machine(self, state: MachineState, text: &str) -> String {
        use MachineState as M;
        match state {
            M::Healthy => self.with(GREEN, text),
            M::Unreachable | M::Dead | M::Ambiguous => self.with(RED, text),
            M::Flapping
            | M::Maintenance
            | M::Building
            | M::Suspect
            | M::Unknown
            | M::NotJoined
            | M::Unnamed
            | M::Leaving => self.with(YELLOW, text),
        }
    }

    /// A text about what becomes of a layer.
    pub(crate) fn verdict(self, verdict: Verdict, text: &str) -> String {
        match verdict {
            Verdict::Holds => self.with(GREEN, text),
            Verdict::Degraded => self.with(YELLOW, text),
            Verdict::Lost => self.with(RED, text),
        }
    }

    fn with(self, code: &str, text: &str) -> String {
        match self {
            Self::Plain => text.to_owned(),
            Self::Coloured => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        }
    }
}
