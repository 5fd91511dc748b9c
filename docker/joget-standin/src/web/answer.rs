//! What can go wrong, told as a page or as JSON by where it was asked, and the last touch on every answer.
//!
//! It must not know what the handlers do.

use super::page;
use crate::about;
use crate::db::DbError;
use crate::source::SourceError;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Instant;
use thiserror::Error;

/// Why a request was not done.
#[derive(Clone, Debug, Error)]
pub enum Problem {
    /// The data source or the database is not to be had; trying again may help.
    #[error("{0}")]
    Unavailable(String),
    /// A session or a password is needed.
    #[error("log in first: POST j_username and j_password to /jw/web/login, or use HTTP basic authentication")]
    LoginNeeded,
    /// Setup after the setup.
    #[error("{0}")]
    Forbidden(String),
    /// The request is wrong.
    #[error("{0}")]
    BadRequest(String),
    /// Nothing there.
    #[error("{0}")]
    NotFound(String),
    /// The shared directory failed.
    #[error("{0}")]
    Storage(String),
}

impl Problem {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unavailable(_) | Self::Storage(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::LoginNeeded => StatusCode::UNAUTHORIZED,
            Self::Forbidden(_) => StatusCode::FORBIDDEN,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
        }
    }
}

impl From<SourceError> for Problem {
    fn from(error: SourceError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Renders problems, names the server on every answer, and logs one line (never a query or a body).
pub async fn finish(request: Request, next: Next) -> Response {
    let (method, path, begun) = (request.method().clone(), request.uri().path().to_owned(), Instant::now());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        response = render(&problem, &path);
        about::log(&format!("{method} {path} -> {}: {problem}", response.status().as_u16()));
    } else if !is_probe(&path) {
        let millis = begun.elapsed().as_millis();
        about::log(&format!("{method} {path} -> {} in {millis} ms", response.status().as_u16()));
    }
    response.headers_mut().insert(header::SERVER, HeaderValue::from_static(about::SERVER));
    response
}

/// Probes come every few seconds for ever: they would drown the rest.
fn is_probe(path: &str) -> bool {
    matches!(path, "/jw/home/" | "/jw/web/json/standin/health")
}

fn render(problem: &Problem, path: &str) -> Response {
    let status = problem.status();
    if path.starts_with("/jw/web/json/") || path == "/jw/setup/init" {
        let body = json!({"standin": true, "error": problem.to_string()}).to_string();
        return (status, [(header::CONTENT_TYPE, "application/json")], body).into_response();
    }
    if matches!(problem, Problem::LoginNeeded) {
        return (StatusCode::FOUND, [(header::LOCATION, "/jw/web/login")]).into_response();
    }
    let text = format!("<p class=\"error\">{}</p>", page::escape(&problem.to_string()));
    (status, page::page(status.canonical_reason().unwrap_or("Error"), &text)).into_response()
}
