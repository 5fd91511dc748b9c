//! The commented file that `hactl spec init` writes; it also lends its values where a wrong file lacks one.

use super::source::{Node, Source, Step};

const TEXT: &str = include_str!("template.yaml");

/// A commented `cluster.yaml` of nine machines that passes every check.
pub fn template() -> &'static str {
    TEXT
}

/// The template's value at `path`; any index stands for the first item.
pub(super) fn value_at(path: &[Step]) -> Option<Node> {
    let first = |step: &Step| match step {
        Step::Index(_) => Step::Index(0),
        Step::Key(key) => Step::Key(key.clone()),
    };
    let path: Vec<Step> = path.iter().map(first).collect();
    let source = Source::read(TEXT).ok()?;
    let (node, found) = source.root().nearest(&path);
    found.then(|| node.clone())
}

/// How the template writes the setting at `path`, if that is one word.
pub(super) fn example(path: &[Step]) -> Option<String> {
    value_at(path)?.scalar()
}
