//! One thing that is wrong, or doubtful, in a spec. Knows neither how it was found nor how it is printed.

use serde::{Deserialize, Serialize};

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// The spec is refused.
    Error,
    /// The spec is taken, and the operator told.
    Warning,
}

/// One thing that is wrong, or doubtful, in a spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Problem {
    /// Refused, or only told.
    pub severity: Severity,
    /// The setting, for example `kubernetes.podSubnet` or `machines[1].address`.
    pub path: String,
    /// What is wrong, one line.
    pub message: String,
    /// What to do, one line; empty when the message says it already.
    pub help: String,
    /// Where to point in the file, when that is not `path` itself.
    #[serde(skip)]
    pub points_at: Option<String>,
    /// The offending value as it is in the file, shortened.
    pub value: Option<String>,
    /// 1-based; 0 until the problem has been located in a file.
    pub line: usize,
    /// 1-based, in characters; 0 until located.
    pub column: usize,
    /// The line of the file; empty until located.
    pub snippet: String,
}

impl Problem {
    /// An error at `path`.
    pub fn error(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            path: path.into(),
            message: message.into(),
            help: String::new(),
            points_at: None,
            value: None,
            line: 0,
            column: 0,
            snippet: String::new(),
        }
    }

    /// A warning at `path`.
    pub fn warning(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(path, message) }
    }

    /// With what to do.
    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = help.into();
        self
    }

    /// Pointing at another setting than `path`, for example the second of two equal names.
    #[must_use]
    pub fn pointing_at(mut self, path: impl Into<String>) -> Self {
        self.points_at = Some(path.into());
        self
    }

    /// Whether the spec is refused for it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}
