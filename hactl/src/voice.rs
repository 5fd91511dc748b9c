//! Where progress is told: on standard output for people, beside a document that goes there on standard error.

use std::io::{IsTerminal as _, Write as _};

use crate::cli::Output;

/// A stream to tell things on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Standard output.
    Out,
    /// Standard error.
    Err,
}

impl Voice {
    /// Beside what is printed in this form.
    pub(crate) fn beside(output: Output) -> Self {
        match output {
            Output::Table | Output::Wide => Self::Out,
            Output::Json | Output::Yaml | Output::Name => Self::Err,
        }
    }

    /// Says it at once. That nobody listens any more is no failure.
    pub(crate) fn say(self, text: &str) {
        let _ = match self {
            Self::Out => std::io::stdout().write_all(text.as_bytes()).and_then(|()| std::io::stdout().flush()),
            Self::Err => std::io::stderr().write_all(text.as_bytes()),
        };
    }

    /// Whether a live picture can be drawn: bars are drawn on standard error.
    pub(crate) fn is_terminal(self) -> bool {
        let dumb = std::env::var_os("TERM").is_none_or(|v| v == "dumb");
        let own = match self {
            Self::Out => std::io::stdout().is_terminal(),
            Self::Err => true,
        };
        own && !dumb && std::io::stderr().is_terminal()
    }
}
