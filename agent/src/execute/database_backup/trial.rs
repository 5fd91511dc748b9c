//! The proof of a dump: restored into a scratch database and counted against the original.
//!
//! Knows nothing of the tools behind it.

use std::collections::BTreeMap;
use std::path::Path;

use super::engine::{Engine, SCRATCH};
use super::run;
use crate::execute::{ActError, Context};

/// Rows by table.
pub(super) type Counts = BTreeMap<String, u64>;

/// Dumps `name` into `draft` and proves it; what was restored is counted and dropped again.
pub(super) async fn dump_and_prove(
    cx: &Context<'_>,
    engine: Engine,
    name: &str,
    draft: &Path,
) -> Result<Counts, ActError> {
    if !engine.exists(cx, name).await? {
        return Err(ActError::Refused(format!(
            "there is no database {name} to back up; the database's own steps make it"
        )));
    }
    let before = counts(cx, engine, name).await?;
    run(cx, &engine.dump(name, draft)).await?;
    let after = counts(cx, engine, name).await?;
    let restored = restore(cx, engine, draft).await;
    engine.drop_scratch(cx).await?;
    let restored = restored?;
    compare(&before, &after, &restored).map_err(|why| {
        ActError::Refused(format!("the dump of {name} does not restore to what was dumped: {why}; it is not kept"))
    })?;
    Ok(restored)
}

async fn restore(cx: &Context<'_>, engine: Engine, draft: &Path) -> Result<Counts, ActError> {
    (cx.progress)("restoring the dump on trial".to_owned());
    engine.make_scratch(cx).await?;
    run(cx, &engine.restore(draft)).await?;
    counts(cx, engine, SCRATCH).await
}

async fn counts(cx: &Context<'_>, engine: Engine, database: &str) -> Result<Counts, ActError> {
    let tables = engine.tables(cx, database).await?;
    let rows = engine.count(cx, database, &tables).await?;
    if rows.len() != tables.len() {
        return Err(ActError::Refused(format!(
            "{} tables of {database} were counted instead of {}",
            rows.len(),
            tables.len()
        )));
    }
    Ok(tables.into_iter().zip(rows).collect())
}

/// The original lives on while it is dumped: a table's rows must lie between those before and after, and a table that was
/// there both times must be there.
fn compare(before: &Counts, after: &Counts, restored: &Counts) -> Result<(), String> {
    for (table, rows) in before {
        let Some(later) = after.get(table) else { continue };
        let (least, most) = (rows.min(later), rows.max(later));
        match restored.get(table) {
            None => return Err(format!("the table {table} is missing")),
            Some(found) if found < least || found > most => {
                return Err(format!("{table} has {found} rows instead of {least} to {most}"));
            }
            Some(_) => {}
        }
    }
    let stranger = restored.keys().find(|t| !before.contains_key(*t) && !after.contains_key(*t));
    stranger.map_or(Ok(()), |table| Err(format!("there is a table {table} that the original does not have")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(tables: &[(&str, u64)]) -> Counts {
        tables.iter().map(|(t, n)| ((*t).to_owned(), *n)).collect()
    }

    #[test]
    fn the_same_tables_and_rows_are_a_proof() {
        let all = counted(&[("a", 3), ("b", 0)]);
        assert_eq!(compare(&all, &all, &all), Ok(()));
    }

    #[test]
    fn a_missing_table_or_row_is_none() {
        let all = counted(&[("a", 3), ("b", 1)]);
        assert!(compare(&all, &all, &counted(&[("a", 3)])).unwrap_err().contains("b is missing"));
        assert!(compare(&all, &all, &counted(&[("a", 2), ("b", 1)])).unwrap_err().contains("a has 2 rows"));
        assert!(compare(&all, &all, &counted(&[("a", 3), ("b", 1), ("c", 0)])).unwrap_err().contains("c that"));
    }

    #[test]
    fn what_changed_meanwhile_may_be_in_it_or_not() {
        let (before, after) = (counted(&[("a", 3), ("gone", 1)]), counted(&[("a", 5), ("new", 1)]));
        assert_eq!(compare(&before, &after, &counted(&[("a", 4), ("new", 1)])), Ok(()));
        assert!(compare(&before, &after, &counted(&[("a", 6)])).is_err());
    }
}
