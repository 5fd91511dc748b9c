//! Logging in and out, and telling who asks.
//!
//! It must not know how sessions are kept.

use super::answer::Problem;
use super::{Shared, page};
use crate::about;
use crate::db::pool::Pool;
use crate::secret::Secret;
use crate::session::{self, COOKIE};
use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use serde::Deserialize;

const FORM: &str = "/jw/web/userview/standin/form";

/// What the login form sends; Joget's own names, and plain ones.
#[derive(Deserialize)]
pub struct Credentials {
    #[serde(alias = "username")]
    j_username: String,
    #[serde(alias = "password")]
    j_password: String,
}

/// What may follow `?`.
#[derive(Deserialize)]
pub struct LoginQuery {
    login_error: Option<String>,
}

/// `GET /jw/web/login`: like Joget's it needs the database, so it tells whether that answers.
pub async fn show(State(app): State<Shared>, Query(query): Query<LoginQuery>) -> Result<Html<String>, Problem> {
    let pool = app.source.pool().await?;
    pool.run("SELECT value FROM wf_setup WHERE property = 'madeBy'", &[]).await?;
    let error = query.login_error.map_or("", |_| "<p class=\"error\">Wrong user or password.</p>");
    let body = format!(
        "{error}<form method=\"post\" action=\"/jw/web/login\">\
         <label>User <input name=\"j_username\" autocomplete=\"username\"></label>\
         <label>Password <input name=\"j_password\" type=\"password\" autocomplete=\"current-password\"></label>\
         <input type=\"submit\" value=\"Log in\"></form>"
    );
    Ok(page::page("Login", &body))
}

/// `POST /jw/web/login`: 302 with a cookie, or 302 back with `login_error`, as Spring Security does.
pub async fn enter(
    State(app): State<Shared>,
    headers: HeaderMap,
    Form(given): Form<Credentials>,
) -> Result<Response, Problem> {
    let pool = app.source.pool().await?;
    if !session::is_known(&pool, &given.j_username, Secret::new(given.j_password)).await? {
        about::log("login refused: wrong user or password");
        return Ok((StatusCode::FOUND, [(header::LOCATION, "/jw/web/login?login_error=1")]).into_response());
    }
    let token = session::begin(&pool, &given.j_username).await?;
    let is_https = headers.get("x-forwarded-proto").is_some_and(|value| value.as_bytes() == b"https");
    let secure = if is_https { "; Secure" } else { "" };
    let cookie = format!("{COOKIE}={token}; Path=/jw; HttpOnly; SameSite=Lax{secure}");
    Ok((StatusCode::FOUND, [(header::LOCATION, FORM.to_owned()), (header::SET_COOKIE, cookie)]).into_response())
}

/// `GET /jw/j_spring_security_logout`
pub async fn leave(State(app): State<Shared>, headers: HeaderMap) -> Result<Response, Problem> {
    if let Some(token) = cookie(&headers) {
        session::end(&*app.source.pool().await?, token).await?;
    }
    let gone = format!("{COOKIE}=; Path=/jw; Max-Age=0");
    Ok((StatusCode::FOUND, [(header::LOCATION, "/jw/web/login".to_owned()), (header::SET_COOKIE, gone)])
        .into_response())
}

/// Who asks, by cookie or by HTTP basic authentication.
///
/// # Errors
/// `LoginNeeded`, or what the database says.
pub async fn require_user(pool: &Pool, headers: &HeaderMap) -> Result<String, Problem> {
    if let Some(token) = cookie(headers)
        && let Some(user) = session::user_of(pool, token).await?
    {
        return Ok(user);
    }
    if let Some((user, password)) = basic(headers)
        && session::is_known(pool, &user, password).await?
    {
        return Ok(user);
    }
    Err(Problem::LoginNeeded)
}

fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok()).find_map(session::token_in)
}

fn basic(headers: &HeaderMap) -> Option<(String, Secret)> {
    let encoded = headers.get(header::AUTHORIZATION)?.to_str().ok()?.strip_prefix("Basic ")?;
    let text = String::from_utf8(decode_base64(encoded.trim())?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), Secret::new(password)))
}

/// Standard base64; `None` for anything else.
fn decode_base64(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(text.len());
    let (mut bits, mut held) = (0_u32, 0_u32);
    for byte in text.trim_end_matches('=').bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        held = (held << 6 | u32::from(value)) & 0xffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            out.push(u8::try_from(held >> bits & 0xff).ok()?);
        }
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::basic;
    use axum::http::{HeaderMap, header};

    fn with(value: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::AUTHORIZATION, value.parse().unwrap())])
    }

    #[test]
    fn basic_authentication_is_read() {
        let (user, password) = basic(&with("Basic YWRtaW46cDpxw7w=")).unwrap();
        assert_eq!((user.as_str(), password.reveal()), ("admin", "p:qü"));
    }

    #[test]
    fn what_is_not_basic_authentication_is_nobody() {
        for value in ["Bearer x", "Basic %%%", "Basic YWRtaW4="] {
            assert!(basic(&with(value)).is_none(), "{value}");
        }
    }
}
