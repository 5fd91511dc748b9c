//! The static page that probes ask for, and what is not there.
//!
//! It must not touch the database or the volume: it answers while both are down.

use super::answer::Problem;
use super::{Shared, page};
use axum::extract::State;
use axum::http::Uri;
use axum::response::Html;

/// `GET /jw/home/`
pub async fn show(State(app): State<Shared>) -> Html<String> {
    let pod = page::escape(&app.settings.pod);
    let body = format!(
        "<p>Served by <b>{pod}</b>. This page needs neither the database nor the volume.</p>\
         <ul><li><a href=\"/jw/web/login\">log in</a></li>\
         <li><a href=\"/jw/web/userview/standin/form\">form</a></li>\
         <li><a href=\"/jw/web/json/standin/health\">deep health</a></li></ul>"
    );
    page::page("Home", &body)
}

/// Everything that has no route.
pub async fn missing(uri: Uri) -> Problem {
    Problem::NotFound(format!("the stand-in has no page at {}", uri.path()))
}
