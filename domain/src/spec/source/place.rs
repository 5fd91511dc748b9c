//! Paths into the tree, such as `machines[1].address`.

/// One step of a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) enum Step {
    /// Into a mapping.
    Key(String),
    /// Into a list, from 0.
    Index(usize),
}

/// `machines[1].address`.
pub(in crate::spec) fn path_text(path: &[Step]) -> String {
    let mut out = String::new();
    for step in path {
        match step {
            Step::Key(key) if out.is_empty() => out.push_str(key),
            Step::Key(key) => out.extend([".", key]),
            Step::Index(n) => out.push_str(&format!("[{n}]")),
        }
    }
    out
}

/// The steps of `text`; what is no index is a key.
pub(in crate::spec) fn parse_path(text: &str) -> Vec<Step> {
    let parts = text.split(['.', '[', ']']).filter(|part| !part.is_empty());
    parts.map(|part| part.parse().map_or_else(|_| Step::Key(part.to_owned()), Step::Index)).collect()
}
