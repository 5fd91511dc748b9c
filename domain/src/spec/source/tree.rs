//! The tree itself, filled by the YAML library together with its positions.

use serde_saphyr::{Location, Spanned};

use super::Step;
use super::raw::Raw;

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::spec) struct Node {
    /// 1-based.
    pub(in crate::spec) line: usize,
    /// 1-based, in characters.
    pub(in crate::spec) column: usize,
    pub(in crate::spec) value: Value,
}

/// What the value is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::spec) enum Value {
    Null,
    Bool(bool),
    /// A number, and how it was written: `1.36` may have been meant as text.
    Number(Number, String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<(Key, Node)>),
    /// Taken out because it was wrong; others keep their place.
    Gone,
}

/// A number as YAML understands it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::spec) enum Number {
    Whole(u64),
    Negative(i64),
    Real(f64),
}

impl std::fmt::Display for Number {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Whole(n) => n.fmt(f),
            Self::Negative(n) => n.fmt(f),
            Self::Real(n) => n.fmt(f),
        }
    }
}

/// A key of a mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::spec) struct Key {
    pub(in crate::spec) name: String,
    pub(in crate::spec) line: usize,
    pub(in crate::spec) column: usize,
}

impl Node {
    /// The node at `path`, else the deepest one on the way; and whether it is the one.
    pub(in crate::spec) fn nearest(&self, path: &[Step]) -> (&Self, bool) {
        let mut node = self;
        for step in path {
            match node.child(step) {
                Some(child) => node = child,
                None => return (node, false),
            }
        }
        (node, true)
    }

    /// Takes the value at `path` out, its neighbours keep their places; false for the root.
    pub(in crate::spec) fn take_out(&mut self, path: &[Step]) -> bool {
        let found = self.at_mut(path).filter(|_| !path.is_empty());
        found.map(|node| node.value = Value::Gone).is_some()
    }

    /// Puts `value` under `key` into the mapping at `parent`; false when there is no mapping.
    pub(in crate::spec) fn put(&mut self, parent: &[Step], key: &str, value: Self) -> bool {
        let Some(parent) = self.at_mut(parent) else { return false };
        if parent.value == Value::Null {
            parent.value = Value::Map(Vec::new());
        }
        let Self { value: Value::Map(entries), line, column } = parent else { return false };
        entries.retain(|(k, _)| k.name != key);
        entries.push((Key { name: key.to_owned(), line: *line, column: *column }, value));
        true
    }

    fn at_mut(&mut self, path: &[Step]) -> Option<&mut Self> {
        path.iter().try_fold(self, |node, step| match (&mut node.value, step) {
            (Value::Map(entries), Step::Key(key)) => entries.iter_mut().find(|(k, _)| k.name == *key).map(|(_, n)| n),
            (Value::List(items), Step::Index(n)) => items.get_mut(*n),
            _ => None,
        })
    }

    fn child(&self, step: &Step) -> Option<&Self> {
        match (&self.value, step) {
            (Value::Map(entries), Step::Key(key)) => entries.iter().find(|(k, _)| k.name == *key).map(|(_, n)| n),
            (Value::List(items), Step::Index(n)) => items.get(*n),
            _ => None,
        }
    }

    /// Where the key of the entry at `path` stands.
    pub(in crate::spec) fn key_place(&self, path: &[Step]) -> Option<(usize, usize)> {
        let (Step::Key(last), parents) = path.split_last()? else { return None };
        match &self.nearest(parents).0.value {
            Value::Map(entries) => entries.iter().find(|(k, _)| k.name == *last).map(|(k, _)| (k.line, k.column)),
            _ => None,
        }
    }

    /// The value as text, when it is neither a list nor a mapping.
    pub(in crate::spec) fn scalar(&self) -> Option<String> {
        match &self.value {
            Value::Bool(b) => Some(b.to_string()),
            Value::Number(_, text) | Value::Text(text) => Some(text.clone()),
            Value::Null | Value::List(_) | Value::Map(_) | Value::Gone => None,
        }
    }
}

/// Reads `text` within limits that no honest spec reaches.
pub(super) fn parse(text: &str) -> Result<Node, serde_saphyr::Error> {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: 32, max_nodes: 100_000, max_documents: 1, max_aliases: 200, max_anchors: 200,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: 2_000, max_replay_stack_depth: 8 },
        // `tls: off` and `firewall: off` are words here, not false.
        strict_booleans: true,
        with_snippet: false,
    };
    serde_saphyr::from_str_with_options::<Spanned<Raw>>(text, options).map(|raw| node(raw, text))
}

pub(super) fn size(n: u64) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let at = raw.referenced;
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(b) => Value::Bool(b),
        Raw::Number(n) => Value::Number(n, spelling(n, &raw.defined, text)),
        Raw::Text(t) => Value::Text(t),
        Raw::List(items) => Value::List(items.into_iter().map(|item| node(item, text)).collect()),
        Raw::Map(entries) => Value::Map(entries.into_iter().map(|(k, v)| (key(k), node(v, text))).collect()),
    };
    Node { line: size(at.line()), column: size(at.column()), value }
}

fn key(k: Spanned<String>) -> Key {
    Key { name: k.value, line: size(k.referenced.line()), column: size(k.referenced.column()) }
}

/// How the number stands in the text: `1.30` is not `1.3` when a version was meant.
fn spelling(n: Number, at: &Location, text: &str) -> String {
    let span = at.span();
    let range = span.byte_offset().zip(span.byte_len()).map(|(from, len)| size(from)..size(from + len));
    let written = range.and_then(|range| text.get(range)).map(str::trim).filter(|t| !t.is_empty());
    written.map_or_else(|| n.to_string(), str::to_owned)
}
