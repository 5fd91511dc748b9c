//! Lists of things: columns for people, names for shells, documents for programs. Asks nobody.

use serde::Serialize;

use super::data;
use super::text::{WIDTH, fit};
use crate::cli::Output;
use crate::exit::Failure;

/// One column of a list.
pub(crate) struct Column<T> {
    /// Its header.
    pub(crate) title: &'static str,
    /// When it is shown.
    pub(crate) shown: Shown,
    /// What it shows of an item.
    pub(crate) cell: fn(&T) -> String,
}

/// When a column is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// Always.
    Always,
    /// With `-o wide`.
    Wide,
}

impl<T> Column<T> {
    /// A column that is always shown.
    pub(crate) const fn of(title: &'static str, cell: fn(&T) -> String) -> Self {
        Self { title, shown: Shown::Always, cell }
    }
    /// A column that only `-o wide` shows.
    pub(crate) const fn wide(title: &'static str, cell: fn(&T) -> String) -> Self {
        Self { title, shown: Shown::Wide, cell }
    }
}

/// The whole list in the form that was asked for. The first column is the name.
pub(crate) fn list<T: Serialize>(output: Output, columns: &[Column<T>], items: &[T]) -> Result<String, Failure> {
    if let Some(document) = data::text(output, &items)? {
        return Ok(document);
    }
    let names = || items.iter().filter_map(|item| Some((columns.first()?.cell)(item) + "\n")).collect();
    Ok(match output {
        Output::Name => names(),
        Output::Wide => table(columns, items, usize::MAX),
        Output::Table | Output::Json | Output::Yaml => {
            let short: Vec<&Column<T>> = columns.iter().filter(|c| c.shown == Shown::Always).collect();
            table(&short, items, WIDTH)
        }
    })
}

fn table<T>(columns: &[impl std::borrow::Borrow<Column<T>>], items: &[T], width: usize) -> String {
    let header = columns.iter().map(|c| c.borrow().title.to_owned()).collect();
    let rows = items.iter().map(|item| columns.iter().map(|c| (c.borrow().cell)(item)).collect());
    grid(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), width)
}

/// Rows with columns as wide as their widest cell; the last column takes what is left of `width`.
pub(crate) fn grid(rows: &[Vec<String>], width: usize) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widest = |n: usize| rows.iter().filter_map(|r| r.get(n)).map(|c| c.chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(widest).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).map(|(cell, wide)| format!("{cell:<wide$}"));
        fit(cells.collect::<Vec<_>>().join("  ").trim_end(), width) + "\n"
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: &[Column<(&str, u32)>] = &[
        Column::of("NAME", |i| i.0.to_owned()),
        Column::of("N", |i| i.1.to_string()),
        Column::wide("MORE", |_| "x".to_owned()),
    ];

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let text = list(Output::Table, COLUMNS, &[("a", 1), ("longer", 22)]).unwrap();
        assert_eq!(text, "NAME    N\na       1\nlonger  22\n");
    }

    #[test]
    fn wide_shows_every_column_and_name_only_the_first() {
        assert_eq!(list(Output::Wide, COLUMNS, &[("a", 1)]).unwrap(), "NAME  N  MORE\na     1  x\n");
        assert_eq!(list(Output::Name, COLUMNS, &[("a", 1), ("b", 2)]).unwrap(), "a\nb\n");
    }

    #[test]
    fn documents_hold_everything() {
        assert_eq!(
            list(Output::Json, COLUMNS, &[("a", 1)]).unwrap().split_whitespace().collect::<String>(),
            r#"[["a",1]]"#
        );
        assert!(list(Output::Yaml, COLUMNS, &[("a", 1)]).unwrap().contains('a'));
    }
}
