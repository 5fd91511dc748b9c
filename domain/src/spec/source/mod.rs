//! The text of a spec as a tree that remembers where each value stands. Knows nothing of the spec's sections.

mod place;
mod raw;
mod reader;
mod tree;

pub(super) use place::{Step, parse_path, path_text};
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
    pub fn read(text: &'t str) -> Result<Self, Problem> {
        if text.len() > MAX_BYTES {
            let message = format!("the file has {} bytes, more than the {MAX_BYTES} a spec may have", text.len());
            return Err(Problem::error("", message).help("a site of a thousand machines needs 100 KB: is this the right file?"));
        }
        let root = tree::parse(text).map_err(|e| not_yaml(text, &e))?;
        Ok(Self { text, root })
    }

    /// The tree.
    pub(super) fn root(&self) -> &Node {
        &self.root
    }

    /// Adds line, column, snippet and value to each problem, by its path.
    pub fn locate(&self, problems: &mut [Problem]) {
        for problem in problems.iter_mut().filter(|p| p.line == 0) {
            let path = parse_path(problem.points_at.as_deref().unwrap_or(&problem.path));
            let (node, exact) = self.root.nearest(&path);
            if exact && problem.value.is_none() {
                problem.value = node.scalar().map(|text| text.chars().take(64).collect());
            }
            if !path.is_empty() {
                point(problem, self.text, (node.line, node.column));
            }
        }
    }
}

/// Sets the problem's position and snippet.
pub(super) fn point(problem: &mut Problem, text: &str, (line, column): (usize, usize)) {
    problem.line = line;
    problem.column = column;
    problem.snippet = line.checked_sub(1).and_then(|n| text.lines().nth(n)).unwrap_or_default().to_owned();
}

fn not_yaml(text: &str, error: &serde_saphyr::Error) -> Problem {
    let place = error.location().map(|at| (tree::size(at.line()), tree::size(at.column())));
    let mut problem = match error.without_snippet() {
        serde_saphyr::Error::DuplicateMappingKey { key, .. } => {
            let key = key.as_deref().unwrap_or("a key");
            Problem::error("", format!("`{key}` is there twice; one of them would be ignored")).help("keep one")
        }
        serde_saphyr::Error::Budget { .. } | serde_saphyr::Error::AliasReplayLimitExceeded { .. } => {
            Problem::error("", format!("not read: {}", first_line(error)))
                .help("write the values out; a spec needs neither deep nesting nor many aliases")
        }
        _ => Problem::error("", format!("not YAML: {}", first_line(error))),
    };
    if let Some(place) = place {
        point(&mut problem, text, place);
    }
    problem
}

fn first_line(error: &serde_saphyr::Error) -> String {
    error.without_snippet().to_string().lines().next().unwrap_or_default().to_owned()
}
