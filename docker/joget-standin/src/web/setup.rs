//! The one-time setup: refused for good once a profile is in use.
//!
//! It must not know how tables are made or files are written.

use super::answer::Problem;
use super::{Shared, page};
use crate::about;
use crate::first_setup::{self, Request};
use crate::source::SourceError;
use axum::extract::State;
use axum::http::header;
use axum::response::{Html, IntoResponse, Response};
use axum::{Form, body::Body};
use serde_json::json;

/// `GET /jw/setup`
pub async fn show(State(app): State<Shared>) -> Result<Html<String>, Problem> {
    refuse_when_done(&app).await?;
    let inputs = ["jdbcDriver", "jdbcUrl", "jdbcFullUrl", "jdbcUser", "jdbcPassword", "dbType", "dbName"].map(|name| {
        let kind = if name == "jdbcPassword" { "password" } else { "text" };
        format!("<label>{name} <input name=\"{name}\" type=\"{kind}\"></label>")
    });
    let body = format!(
        "<form method=\"post\" action=\"/jw/setup/init\">{}<input type=\"submit\" value=\"Set up\"></form>",
        inputs.concat()
    );
    Ok(page::page("Setup", &body))
}

/// `POST /jw/setup/init`: 200 with `result` true or false, 403 once set up: as Joget answers.
pub async fn init(State(app): State<Shared>, Form(request): Form<Request>) -> Result<Response<Body>, Problem> {
    refuse_when_done(&app).await?;
    let done = first_setup::run(&app.settings, &request).await;
    app.source.look_again().await;
    let (result, message) = match done {
        Ok(profile) => {
            about::log(&format!("setup done: profile {profile}"));
            ("true", format!("profile {profile} is in use"))
        }
        Err(error) => {
            about::log(&format!("setup failed: {error}"));
            ("false", error.to_string())
        }
    };
    let body = json!({"action": "init", "result": result, "message": message, "standin": true}).to_string();
    Ok(([(header::CONTENT_TYPE, "application/json;charset=UTF-8")], body).into_response())
}

async fn refuse_when_done(app: &Shared) -> Result<(), Problem> {
    match app.source.read().await {
        Err(SourceError::NotSetUp(_)) => Ok(()),
        Ok(_) | Err(SourceError::Wrong { .. }) => {
            Err(Problem::Forbidden("set up already: a profile is in use".to_owned()))
        }
        Err(error @ SourceError::Unreadable { .. }) => Err(Problem::Forbidden(error.to_string())),
    }
}
