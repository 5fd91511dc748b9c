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
