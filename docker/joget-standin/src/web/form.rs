//! The form: shows it, and writes one row a submission.
//!
//! It must not know how to list rows.

use super::answer::Problem;
use super::{Shared, login, page};
use crate::db::dialect;
use crate::password;
use crate::source::is_plain_name;
use axum::Form;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Html;
use serde::Deserialize;

const MAX_VALUE: usize = 4096;

/// What the form sends. The same `id` sent twice is saved once, so a client may repeat after a lost answer.
#[derive(Deserialize)]
pub struct Submission {
    value: String,
    id: Option<String>,
}

/// `GET /jw/web/userview/standin/form`
pub async fn show(State(app): State<Shared>, headers: HeaderMap) -> Result<Html<String>, Problem> {
    let pool = app.source.pool().await?;
    let user = login::require_user(&pool, &headers).await?;
    let (user, id) = (page::escape(&user), password::random_hex::<16>());
    let body = format!(
        "<p>Logged in as <b>{user}</b>, served by <b>{}</b>. <a href=\"/jw/j_spring_security_logout\">log out</a></p>\
         <form method=\"post\"><input type=\"hidden\" name=\"id\" value=\"{id}\">\
         <label>Value <input name=\"value\" maxlength=\"{MAX_VALUE}\"></label>\
         <input type=\"submit\" value=\"Save\"></form>",
        page::escape(&app.settings.pod)
    );
    Ok(page::page("Form", &body))
}

/// `POST /jw/web/userview/standin/form`: answers 200 only after the database committed the row.
pub async fn save(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(given): Form<Submission>,
) -> Result<Html<String>, Problem> {
    let pool = app.source.pool().await?;
    let user = login::require_user(&pool, &headers).await?;
    if given.value.len() > MAX_VALUE || given.value.contains('\0') {
        return Err(Problem::BadRequest(format!("value: at most {MAX_VALUE} bytes and no NUL")));
    }
    let id = given.id.filter(|id| !id.is_empty()).unwrap_or_else(password::random_hex::<16>);
    if !is_plain_name(&id) {
        return Err(Problem::BadRequest("id: letters, digits, `-`, `_` and `.`, at most 100".to_owned()));
    }
    let (now, keep) = (dialect::now(pool.kind()), dialect::keep_existing(pool.kind()));
    let sql = format!(
        "INSERT INTO app_fd_standin (id, dateCreated, createdBy, c_value, c_pod) VALUES (?, {now}, ?, ?, ?){keep}"
    );
    pool.run(&sql, &[&id, &user, &given.value, &app.settings.pod]).await?;
    let (value, pod) = (page::escape(&given.value), page::escape(&app.settings.pod));
    let body = format!("<p>Saved <b id=\"row\">{id}</b> = <b>{value}</b> by <b>{pod}</b>.</p>");
    Ok(page::page("Saved", &body))
}
