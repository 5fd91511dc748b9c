//! A path on a machine. Touches no disk.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, text_value};
use crate::id::InvalidName;

/// An absolute path without `.`, `..` or empty parts, and not `/` itself.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct AbsolutePath(String);

impl AbsolutePath {
    /// Parses the path; white space and control characters are refused since it lands in configuration files.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let plain = |p: &str| {
            !p.is_empty()
                && p != "."
                && p != ".."
                && p.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-+@".contains(&b))
        };
        let ok = s.len() <= 255 && s.strip_prefix('/').is_some_and(|rest| rest.split('/').all(plain));
        if ok {
            Ok(Self(s.to_owned()))
        } else {
            Err(invalid("path", s, "absolute, parts of letters, digits and . _ - + @, no '.' or '..' part"))
        }
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

text_value!(AbsolutePath);
