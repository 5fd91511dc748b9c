//! Deep health: asks the database and writes to the shared directory.
//!
//! It must not be used as a liveness probe: a database that is down would restart every pod.

use super::Shared;
use crate::jdbc::Kind;
use crate::shared_file;
use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::time::timeout;

const STORAGE_LIMIT: Duration = Duration::from_secs(5);

/// `GET /jw/web/json/standin/health`: 200 when both work, 503 when one does not.
pub async fn check(State(app): State<Shared>) -> (StatusCode, Json<Value>) {
    let (database, storage) = tokio::join!(database(&app), storage(&app));
    let is_well = database["ok"] == true && storage["ok"] == true;
    let status = if is_well { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    let word = if is_well { "ok" } else { "failing" };
    let pod = &app.settings.pod;
    (status, Json(json!({"standin": true, "status": word, "pod": pod, "database": database, "storage": storage})))
}

async fn database(app: &Shared) -> Value {
    let begun = Instant::now();
    let pool = match app.source.pool().await {
        Ok(pool) => pool,
        Err(error) => return json!({"ok": false, "error": error.to_string()}),
    };
    let kind = match pool.kind() {
        Kind::MySql => "mysql",
        Kind::Postgres => "postgresql",
    };
    let asked = match pool.run("SELECT id FROM dir_role LIMIT 1", &[]).await {
        Ok(rows) if rows.is_empty() => Err("dir_role is empty: the schema was not finished".to_owned()),
        Ok(_) => pool.cipher().await.map_err(|error| error.to_string()),
        Err(error) => Err(error.to_string()),
    };
    let (ms, place) = (millis(begun), pool.place());
    match asked {
        Ok(cipher) => json!({"ok": true, "kind": kind, "place": place, "tls": cipher, "ms": ms}),
        Err(error) => json!({"ok": false, "kind": kind, "place": place, "error": error, "ms": ms}),
    }
}

async fn storage(app: &Shared) -> Value {
    let begun = Instant::now();
    let work = shared_file::probe(&app.settings.wflow_home, &app.settings.pod);
    let path = app.settings.wflow_home.display().to_string();
    match timeout(STORAGE_LIMIT, work).await {
        Ok(Ok(())) => json!({"ok": true, "path": path, "ms": millis(begun)}),
        Ok(Err(error)) => json!({"ok": false, "path": path, "error": error.to_string(), "ms": millis(begun)}),
        Err(_) => json!({"ok": false, "path": path, "error": "no answer within 5 s: is it a dead network mount?"}),
    }
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}
