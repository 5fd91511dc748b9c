//! PostgreSQL: connecting and running one statement.
//!
//! It must not know tables or pools.

use super::{DbError, LIMIT, Login, Row, tls};
use crate::jdbc::{Target, Tls};
use tokio::task::JoinHandle;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Error, SimpleQueryMessage};
use tokio_postgres_rustls::MakeRustlsConnect;

/// A client and the task that moves its bytes; the task ends with it.
pub struct PgConn {
    client: Client,
    mover: JoinHandle<()>,
}

impl Drop for PgConn {
    fn drop(&mut self) {
        self.mover.abort();
    }
}

/// Connects to one host.
///
/// # Errors
/// `DbError::Connect` with the driver's words, or `DbError::Ca`.
pub async fn connect(target: &Target, login: &Login, place: (&str, u16)) -> Result<PgConn, DbError> {
    let mut config = Config::new();
    config.host(place.0).port(place.1).user(&login.user).password(login.password.reveal());
    config.dbname(target.database.as_deref().unwrap_or("postgres"));
    config.application_name("joget-standin").connect_timeout(LIMIT).ssl_mode(ssl_mode(target.tls));
    let connector = MakeRustlsConnect::new(tls::client_config(target).await?);
    let made = config.connect(connector).await;
    let at = format!("{}:{}", place.0, place.1);
    let (client, connection) = made.map_err(|error| DbError::Connect { place: at, why: words(&error) })?;
    // How a connection ends is seen by the next statement on it.
    let mover = tokio::spawn(async move { drop(connection.await) });
    Ok(PgConn { client, mover })
}

fn ssl_mode(tls: Tls) -> SslMode {
    match tls {
        Tls::Off => SslMode::Disable,
        Tls::Prefer => SslMode::Prefer,
        Tls::Trust | Tls::VerifyCa | Tls::VerifyFull => SslMode::Require,
    }
}

impl PgConn {
    /// Runs one statement; every column must be a text.
    ///
    /// # Errors
    /// `DbError::Statement` with the server's words.
    pub async fn query(&mut self, sql: &str, params: &[&str]) -> Result<Vec<Row>, DbError> {
        let answer = if params.is_empty() { self.simple(sql).await } else { self.prepared(sql, params).await };
        answer.map_err(|error| DbError::Statement { why: words(&error), missing_table: is_missing(&error) })
    }

    async fn simple(&mut self, sql: &str) -> Result<Vec<Row>, Error> {
        let messages = self.client.simple_query(sql).await?;
        let rows = messages.iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => Some((0..row.len()).map(|at| row.get(at).map(str::to_owned)).collect()),
            _ => None,
        });
        Ok(rows.collect())
    }

    async fn prepared(&mut self, sql: &str, params: &[&str]) -> Result<Vec<Row>, Error> {
        let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|text| text as &(dyn ToSql + Sync)).collect();
        let rows = self.client.query(sql, &params).await?;
        rows.iter().map(|row| (0..row.len()).map(|at| row.try_get::<_, Option<String>>(at)).collect()).collect()
    }
}

/// 42P01: the table does not exist.
fn is_missing(error: &Error) -> bool {
    error.code().is_some_and(|code| code.code() == "42P01")
}

/// The error with its causes: the outermost text alone says only "db error".
fn words(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
