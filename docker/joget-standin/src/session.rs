//! Logins that are kept in the database, so that a restarted pod, or another one, still knows them.
//!
//! It must not know HTTP beyond the texts of the Cookie and Authorization headers.

use crate::db::pool::Pool;
use crate::db::{DbError, dialect};
use crate::password;
use crate::secret::Secret;
use std::time::{SystemTime, UNIX_EPOCH};

/// The cookie's name, as Tomcat calls it.
pub const COOKIE: &str = "JSESSIONID";
/// How long a login lasts, in seconds.
const LASTS: u64 = 12 * 3600;

/// Checks a user's password against `dir_user`.
///
/// # Errors
/// Any `DbError`; a missing table means that the schema was never made.
pub async fn is_known(pool: &Pool, user: &str, given: Secret) -> Result<bool, DbError> {
    let rows = pool.run("SELECT password FROM dir_user WHERE username = ? AND active = '1'", &[user]).await?;
    let stored = rows.into_iter().flatten().flatten().next();
    // Unknown users cost the same time as known ones.
    let stored = stored.unwrap_or_else(|| "pbkdf2$60000$00$00".to_owned());
    Ok(tokio::task::spawn_blocking(move || password::fits(&given, &stored)).await.unwrap_or(false))
}

/// Begins a session and returns the cookie's value; the table holds only its hash.
///
/// # Errors
/// Any `DbError`.
pub async fn begin(pool: &Pool, user: &str) -> Result<String, DbError> {
    let token = password::random_hex::<16>().to_uppercase();
    let key = password::sha256_hex(token.as_bytes());
    pool.run("DELETE FROM standin_session WHERE expires < ?", &[&stamp(0)]).await?;
    let keep = dialect::keep_existing(pool.kind());
    let sql = format!("INSERT INTO standin_session (id, username, expires) VALUES (?, ?, ?){keep}");
    pool.run(&sql, &[&key, user, &stamp(LASTS)]).await?;
    Ok(token)
}

/// The user of a session that has not ended.
///
/// # Errors
/// Any `DbError`.
pub async fn user_of(pool: &Pool, token: &str) -> Result<Option<String>, DbError> {
    let key = password::sha256_hex(token.as_bytes());
    let sql = "SELECT username FROM standin_session WHERE id = ? AND expires >= ?";
    let rows = pool.run(sql, &[&key, &stamp(0)]).await?;
    Ok(rows.into_iter().flatten().flatten().next())
}

/// Ends a session; one that is not there is ended already.
///
/// # Errors
/// Any `DbError`.
pub async fn end(pool: &Pool, token: &str) -> Result<(), DbError> {
    let key = password::sha256_hex(token.as_bytes());
    pool.run("DELETE FROM standin_session WHERE id = ?", &[&key]).await.map(drop)
}

/// The session's value in a Cookie header.
pub fn token_in(cookies: &str) -> Option<&str> {
    let pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, _)| *name == COOKIE).map(|(_, value)| value).find(|value| !value.is_empty())
}

/// Seconds since 1970 in fixed width, so that texts order as times do.
fn stamp(ahead: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    format!("{:015}", now + ahead)
}

#[cfg(test)]
mod tests {
    use super::{stamp, token_in};

    #[test]
    fn the_session_is_found_among_other_cookies() {
        assert_eq!(token_in("a=b; JSESSIONID=0AF; route=w1"), Some("0AF"));
        assert_eq!(token_in("a=b; XJSESSIONID=0AF"), None);
        assert_eq!(token_in("JSESSIONID="), None);
    }

    #[test]
    fn later_stamps_are_greater_texts() {
        assert!(stamp(0) < stamp(1) && stamp(9) < stamp(1_000_000));
    }
}
