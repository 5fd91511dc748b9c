//! The text of a spec as a tree that remembers where each value stands. Knows nothing of the spec's sections.

mod find;
mod place;
mod raw;
mod reader;
mod tree;
mod trouble;

pub(super) use place::{Step, path_text};
pub(super) use reader::{Fault, Reason, read};
pub(super) use tree::Node;

use super::problem::Problem;

/// A spec larger than this is not read: nine machines need 2 KB, a thousand 100 KB.
pub const MAX_BYTES: usize = 1 << 20;

/// The text of a spec and where each of its values stands.
#[derive(Debug)]
pub struct Source<'t> {
    text: &'t str,
    root: Node,
}

impl<'t> Source<'t> {
    /// Reads the text as YAML.
    ///
    /// # Errors
    /// It is too large, not YAML, or has a key twice.
    pub fn read(text: &'t str) -> Result<Self, Box<Problem>> {
        if text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes, more than the {MAX_BYTES} a spec may have", text.len());
            let help = "a site of a thousand machines needs 100 KB: is this the right file?";
            return Err(Box::new(Problem::error("", message).help(help)));
        }
        let root = tree::parse(text).map_err(|e| Box::new(trouble::problem(text, &e)))?;
        Ok(Self { text, root })
    }

    /// Whether there is nothing but white space and comments.
    pub fn is_empty(&self) -> bool {
        self.root.value == tree::Value::Null
    }

    /// The tree.
    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// Adds line, column, snippet and value to each problem, by its path.
    pub fn locate(&self, problems: &mut [Problem]) {
        for problem in problems.iter_mut().filter(|p| p.line == 0) {
            let found = find::find(&self.root, problem.points_at.as_deref().unwrap_or(&problem.path));
            if found.exact && problem.value.is_none() {
                problem.value = found.node.scalar().map(|text| shown(&text));
            }
            if found.entered {
                point(problem, self.text, found.place);
            }
        }
    }
}

/// Sets the problem's position and snippet.
pub(super) fn point(problem: &mut Problem, text: &str, (line, column): (usize, usize)) {
    let written = line.checked_sub(1).and_then(|n| text.lines().nth(n)).unwrap_or_default();
    problem.line = line;
    problem.column = column;
    problem.snippet = without_password(written);
}

/// What stands at a place, short enough for a message.
pub(super) fn shown(value: &str) -> String {
    without_password(value).chars().take(64).collect()
}

/// A URL's `user:password@` must not be repeated anywhere.
fn without_password(text: &str) -> String {
    let mut parts = text.split("://");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_whitespace() || "/\"',}".contains(c)).unwrap_or(part.len());
        let host = part[..end].rfind('@').map_or(0, |at| at + 1);
        out.push_str(if host > 0 { "://***@" } else { "://" });
        out.push_str(&part[host..]);
    }
    out
}
