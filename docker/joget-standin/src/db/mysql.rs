//! MariaDB and MySQL: connecting and running one statement.
//!
//! It must not know tables or pools.

use super::{DbError, Login, Row, tls};
use crate::jdbc::{Target, Tls};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, DriverError, Error, IoError, OptsBuilder, SslOpts, Value};
use std::time::Duration;

/// Connects to one host.
///
/// # Errors
/// `DbError::Connect` with the driver's words, or `DbError::Ca`.
pub async fn connect(target: &Target, login: &Login, place: (&str, u16)) -> Result<Conn, DbError> {
    let ca = tls::ca_bytes(target).await?;
    let plan = Plan { target, login, place };
    let first = match target.tls {
        Tls::Off => plan.open(None).await,
        Tls::Prefer => match plan.open(Some(any_certificate())).await {
            Err(Error::Driver(DriverError::NoClientSslFlagFromServer)) => plan.open(None).await,
            other => other,
        },
        Tls::Trust => plan.open(Some(any_certificate())).await,
        Tls::VerifyCa | Tls::VerifyFull => plan.open_verified(ca.unwrap_or_default()).await,
    };
    first.map_err(|error| DbError::Connect { place: format!("{}:{}", place.0, place.1), why: error.to_string() })
}

struct Plan<'a> {
    target: &'a Target,
    login: &'a Login,
    place: (&'a str, u16),
}

impl Plan<'_> {
    async fn open(&self, ssl: Option<SslOpts>) -> Result<Conn, Error> {
        let options = OptsBuilder::default()
            .ip_or_hostname(self.place.0)
            .tcp_port(self.place.1)
            .user(Some(self.login.user.clone()))
            .pass(Some(self.login.password.reveal()))
            .db_name(self.target.database.clone())
            .prefer_socket(false)
            .tcp_keepalive(Some(Duration::from_secs(20)))
            .stmt_cache_size(8)
            .ssl_opts(ssl);
        Conn::new(options).await
    }

    /// The driver always checks the name. For `verify-ca` a second attempt expects the name that the
    /// certificate has: the chain is verified both times.
    async fn open_verified(&self, ca: Vec<u8>) -> Result<Conn, Error> {
        let ssl = SslOpts::default().with_disable_built_in_roots(true).with_root_certs(vec![ca.into()]);
        match self.open(Some(ssl.clone())).await {
            Err(error) if self.target.tls == Tls::VerifyCa => {
                match rustls_error(&error).and_then(tls::presented_name) {
                    Some(name) => self.open(Some(ssl.with_danger_tls_hostname_override(Some(name)))).await,
                    None => Err(error),
                }
            }
            other => other,
        }
    }
}

fn any_certificate() -> SslOpts {
    SslOpts::default().with_danger_accept_invalid_certs(true)
}

fn rustls_error(error: &Error) -> Option<&rustls::Error> {
    match error {
        Error::Io(IoError::Io(inner)) => inner.get_ref().and_then(|inner| inner.downcast_ref()),
        Error::Io(_) | Error::Driver(_) | Error::Other(_) | Error::Server(_) | Error::Url(_) => None,
    }
}

/// Runs one statement; every value comes back as text.
///
/// # Errors
/// `DbError::Statement` with the server's words.
pub async fn query(conn: &mut Conn, sql: &str, params: &[&str]) -> Result<Vec<Row>, DbError> {
    let result: Result<Vec<mysql_async::Row>, Error> = if params.is_empty() {
        conn.query(sql).await
    } else {
        conn.exec(sql, params.iter().map(|text| Value::from(*text)).collect::<Vec<_>>()).await
    };
    let rows =
        result.map_err(|error| DbError::Statement { why: error.to_string(), missing_table: is_missing(&error) })?;
    Ok(rows.into_iter().map(|row| row.unwrap_raw().into_iter().map(|value| value.and_then(text)).collect()).collect())
}

/// 1146: the table does not exist.
fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Server(server) if server.code == 1146)
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}
