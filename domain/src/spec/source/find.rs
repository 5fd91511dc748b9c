//! Finding a setting by the text of its path, `machines[1].address`. Keys may hold dots themselves: `dns.hosts.myapp.com`.

use super::tree::{Node, Value};

/// How far the path led.
pub(super) struct Found<'n> {
    /// The deepest node on the way.
    pub(super) node: &'n Node,
    /// Line and column to point at: of the value, or of its key where the value is a list or a mapping.
    pub(super) place: (usize, usize),
    /// Whether the whole path led there.
    pub(super) exact: bool,
    /// Whether it led anywhere at all.
    pub(super) entered: bool,
}

/// Follows `path` from `root` as far as it leads.
pub(super) fn find<'n>(root: &'n Node, path: &str) -> Found<'n> {
    let mut found = Found { node: root, place: (root.line, root.column), exact: path.is_empty(), entered: false };
    let mut rest = path;
    while let Some((node, place, after)) = next(found.node, rest) {
        found = Found { node, place, exact: after.is_empty(), entered: true };
        rest = after;
    }
    found
}

fn next<'n, 'p>(node: &'n Node, rest: &'p str) -> Option<(&'n Node, (usize, usize), &'p str)> {
    match &node.value {
        Value::Map(entries) => {
            let rest = rest.strip_prefix('.').unwrap_or(rest);
            let fits =
                entries.iter().filter_map(|(key, value)| after(rest, &key.name).map(|after| (key, value, after)));
            let (key, value, after) = fits.max_by_key(|(key, ..)| key.name.len())?;
            let own = (value.line, value.column);
            let place = if value.scalar().is_some() { own } else { (key.line, key.column) };
            Some((value, place, after))
        }
        Value::List(items) => {
            let (index, after) = rest.strip_prefix('[')?.split_once(']')?;
            let item = items.get(index.parse::<usize>().ok()?)?;
            Some((item, (item.line, item.column), after))
        }
        Value::Null | Value::Bool(_) | Value::Number(..) | Value::Text(_) | Value::Gone => None,
    }
}

/// What follows `name` in `rest`, if it is a whole step of the path.
fn after<'p>(rest: &'p str, name: &str) -> Option<&'p str> {
    let after = rest.strip_prefix(name).filter(|_| !name.is_empty())?;
    (after.is_empty() || after.starts_with(['.', '['])).then_some(after)
}
