//! The rows that the form wrote, as JSON.
//!
//! It must not write any.

use super::Shared;
use super::answer::Problem;
use crate::db::{Row, dialect};
use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};

/// What may follow `?`: at most `limit` rows (1 to 1000, 20 if not said), only those with this `value` or `id`.
#[derive(Deserialize)]
pub struct RowsQuery {
    limit: Option<u32>,
    value: Option<String>,
    id: Option<String>,
}

/// `GET /jw/web/json/standin/rows`
pub async fn list(State(app): State<Shared>, Query(query): Query<RowsQuery>) -> Result<Json<Value>, Problem> {
    let pool = app.source.pool().await?;
    let limit = query.limit.unwrap_or(20).clamp(1, 1000);
    let (mut conditions, mut params) = (Vec::new(), Vec::new());
    for (condition, given) in [("c_value = ?", &query.value), ("id = ?", &query.id)] {
        if let Some(text) = given {
            conditions.push(condition);
            params.push(text.as_str());
        }
    }
    let filter = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    let counted = pool.run(&format!("SELECT CONCAT(COUNT(*), '') FROM app_fd_standin{filter}"), &params).await?;
    let count = counted.into_iter().flatten().flatten().next().and_then(|text| text.parse::<u64>().ok());
    let time = dialect::time_text(pool.kind(), "dateCreated");
    let sql = format!(
        "SELECT id, c_value, c_pod, createdBy, {time} FROM app_fd_standin{filter} \
         ORDER BY dateCreated DESC, id LIMIT {limit}"
    );
    let rows: Vec<Value> = pool.run(&sql, &params).await?.into_iter().map(row_json).collect();
    Ok(Json(json!({"standin": true, "servedBy": app.settings.pod, "count": count, "rows": rows})))
}

fn row_json(row: Row) -> Value {
    let names = ["id", "value", "pod", "createdBy", "dateCreated"];
    names.iter().zip(row).map(|(name, value)| ((*name).to_owned(), json!(value))).collect()
}
