//! Uploading a file into the shared directory, listing and reading.
//!
//! It must not know how files are put on the disk.

use super::answer::Problem;

use super::{Shared, login};
use crate::shared_file::{self, Partial};
use crate::source::is_plain_name;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{FromRequest, Multipart, Query, Request, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::io;
use std::path::PathBuf;

/// What may follow `?`: which file.
#[derive(Deserialize)]
pub struct FileQuery {
    name: Option<String>,
}

/// `POST /jw/web/json/standin/upload`: multipart with one file, or `?name=` and the bytes as body.
pub async fn write(
    State(app): State<Shared>,
    Query(query): Query<FileQuery>,
    request: Request,
) -> Result<Json<Value>, Problem> {
    let pool = app.source.pool().await?;
    let user = login::require_user(&pool, request.headers()).await?;
    let (name, size, sum) = if is_multipart(request.headers()) {
        let parts = Multipart::from_request(request, &()).await.map_err(|e| Problem::BadRequest(e.body_text()))?;
        from_multipart(&app, parts).await?
    } else {
        let name =
            query.name.ok_or_else(|| Problem::BadRequest("give ?name=, or send multipart/form-data".to_owned()))?;
        let bytes = Bytes::from_request(request, &()).await.map_err(|e| Problem::BadRequest(e.body_text()))?;
        from_bytes(&app, name, &bytes).await?
    };
    let pod = &app.settings.pod;
    Ok(Json(json!({"standin": true, "name": name, "bytes": size, "sha256": sum, "pod": pod, "createdBy": user})))
}

/// `GET /jw/web/json/standin/upload`: the list, or with `?name=` the file.
pub async fn read(State(app): State<Shared>, Query(query): Query<FileQuery>) -> Result<Response, Problem> {
    let Some(name) = query.name else {
        let files = shared_file::list(&shared_file::folder(&app.settings.wflow_home)).await.map_err(|e| storage(&e))?;
        let files: Vec<Value> = files.iter().map(|(name, bytes)| json!({"name": name, "bytes": bytes})).collect();
        return Ok(Json(json!({"standin": true, "count": files.len(), "files": files})).into_response());
    };
    let path = path_of(&app, &name)?;
    let bytes = match tokio::fs::read(&path).await {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(Problem::NotFound(format!("no file {name}"))),
        other => other.map_err(|error| storage(&error)),
    }?;
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CONTENT_DISPOSITION, "attachment"),
    ];
    Ok((headers, bytes).into_response())
}

fn is_multipart(headers: &HeaderMap) -> bool {
    headers.get(header::CONTENT_TYPE).is_some_and(|value| value.as_bytes().starts_with(b"multipart/form-data"))
}

async fn from_multipart(app: &Shared, mut parts: Multipart) -> Result<(String, u64, String), Problem> {
    while let Some(mut field) = parts.next_field().await.map_err(|e| Problem::BadRequest(e.body_text()))? {
        let Some(name) = field.file_name().map(str::to_owned) else { continue };
        let path = path_of(app, &name)?;
        let mut partial = begin(app).await?;
        loop {
            let problem = match field.chunk().await {
                Ok(None) => break,
                Ok(Some(bytes)) => partial.add(&bytes).await.err().map(|error| storage(&error)),
                Err(error) => Some(Problem::BadRequest(error.body_text())),
            };
            if let Some(problem) = problem {
                partial.abandon().await;
                return Err(problem);
            }
        }
        let (size, sum) = partial.finish(&path).await.map_err(|error| storage(&error))?;
        return Ok((name, size, sum));
    }
    Err(Problem::BadRequest("the form holds no file".to_owned()))
}

async fn from_bytes(app: &Shared, name: String, bytes: &[u8]) -> Result<(String, u64, String), Problem> {
    let path = path_of(app, &name)?;
    let mut partial = begin(app).await?;
    if let Err(error) = partial.add(bytes).await {
        partial.abandon().await;
        return Err(storage(&error));
    }
    let (size, sum) = partial.finish(&path).await.map_err(|error| storage(&error))?;
    Ok((name, size, sum))
}

async fn begin(app: &Shared) -> Result<Partial, Problem> {
    Partial::begin(&shared_file::folder(&app.settings.wflow_home), 0o644).await.map_err(|error| storage(&error))
}

fn path_of(app: &Shared, name: &str) -> Result<PathBuf, Problem> {
    if !is_plain_name(name) {
        let rule = "name: letters, digits, `-`, `_` and `.`, at most 100, not beginning with a dot";
        return Err(Problem::BadRequest(rule.to_owned()));
    }
    Ok(shared_file::folder(&app.settings.wflow_home).join(name))
}

fn storage(error: &io::Error) -> Problem {
    Problem::Storage(format!("the shared directory failed: {error}; it must be writable by uid 1000"))
}
