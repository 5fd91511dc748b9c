//! Bringing an older file up to the present format. There is one format so far.

use super::FORMAT;
use super::problem::Problem;

/// The text in the present format; unchanged when it is already.
///
/// # Errors
/// The file's version is none that this program knows.
pub fn migrate(text: &str) -> Result<String, Vec<Problem>> {
    match super::parse::format_of(text)? {
        Some(FORMAT) => Ok(text.to_owned()),
        Some(other) => {
            let message = format!("format {other} is unknown; this program knows {FORMAT}");
            Err(vec![Problem::error("version", message).help("use a newer hactl")])
        }
        None => Err(vec![Problem::error("version", "is missing and has no default").help("for example `version: 1`")]),
    }
}
