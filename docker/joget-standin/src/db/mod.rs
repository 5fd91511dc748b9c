//! One connection to either database, with texts in and texts out, and the errors of both in one type.
//!
//! It must not know HTTP, tables, or the property files.

pub mod dialect;
pub mod mysql;
pub mod pool;
pub mod postgres;
pub mod schema;
pub mod tls;

use crate::jdbc::{Kind, Target};
use crate::secret::Secret;
use std::time::Duration;
use thiserror::Error;
use tokio::time::timeout;

/// How long one attempt to connect, or one statement, may take.
pub const LIMIT: Duration = Duration::from_secs(5);

/// One row; NULL is `None`.
pub type Row = Vec<Option<String>>;

/// Why the database did not do what was asked. None of these texts holds a password.
#[derive(Debug, Error)]
pub enum DbError {
    /// No connection could be made.
    #[error("connecting to the database at {place} failed: {why}")]
    Connect {
        /// Host and port tried last.
        place: String,
        /// The driver's words.
        why: String,
    },
    /// The CA of the URL cannot be used.
    #[error("reading the database's CA file {path} failed: {why}")]
    Ca {
        /// The path in the URL.
        path: String,
        /// What is wrong with it.
        why: String,
    },
    /// A statement failed.
    #[error("the database answered an error: {why}")]
    Statement {
        /// The server's words.
        why: String,
        /// Whether the server says that a table is missing.
        missing_table: bool,
    },
    /// No answer in time.
    #[error("the database did not answer within {} s while {doing}", LIMIT.as_secs())]
    TimedOut {
        /// What was under way.
        doing: &'static str,
    },
    /// The server takes reads only: a replica, or a primary that was demoted.
    #[error("the database at {0} takes reads only; it is a replica or was demoted")]
    ReadOnly(String),
}

/// Who connects.
#[derive(Clone, Debug)]
pub struct Login {
    /// The database user.
    pub user: String,
    /// Its password.
    pub password: Secret,
}

/// A connection to either database.
pub enum Conn {
    /// MariaDB or MySQL.
    MySql(Box<mysql_async::Conn>),
    /// PostgreSQL.
    Postgres(postgres::PgConn),
}

impl Conn {
    /// Tries the hosts in order and returns the first that answers (and takes writes, when there are several).
    ///
    /// # Errors
    /// The error of the last host tried.
    pub async fn open(target: &Target, login: &Login) -> Result<Self, DbError> {
        let mut last = DbError::TimedOut { doing: "connecting" };
        for (host, port) in &target.hosts {
            match timeout(LIMIT, Self::open_one(target, login, (host, *port))).await {
                Ok(Ok(conn)) => return Ok(conn),
                Ok(Err(error)) => last = error,
                Err(_) => last = DbError::TimedOut { doing: "connecting" },
            }
        }
        Err(last)
    }

    async fn open_one(target: &Target, login: &Login, place: (&str, u16)) -> Result<Self, DbError> {
        let mut conn = match target.kind {
            Kind::MySql => Self::MySql(Box::new(mysql::connect(target, login, place).await?)),
            Kind::Postgres => Self::Postgres(postgres::connect(target, login, place).await?),
        };
        if target.hosts.len() > 1 && conn.is_read_only().await? {
            return Err(DbError::ReadOnly(format!("{}:{}", place.0, place.1)));
        }
        Ok(conn)
    }

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::MySql(_) => Kind::MySql,
            Self::Postgres(_) => Kind::Postgres,
        }
    }

    /// Runs one statement; `?` stands for the parameters in order, for both databases.
    ///
    /// # Errors
    /// `DbError::Statement` or `TimedOut`; the connection should then be dropped.
    pub async fn query(&mut self, sql: &str, params: &[&str]) -> Result<Vec<Row>, DbError> {
        let work = async {
            match self {
                Self::MySql(conn) => mysql::query(conn, sql, params).await,
                Self::Postgres(conn) => conn.query(&dialect::numbered(sql), params).await,
            }
        };
        timeout(LIMIT, work).await.unwrap_or(Err(DbError::TimedOut { doing: "running a statement" }))
    }

    /// Whether the session is encrypted, as the server sees it.
    ///
    /// # Errors
    /// As `query`.
    pub async fn cipher(&mut self) -> Result<Option<String>, DbError> {
        let rows = self.query(dialect::cipher(self.kind()), &[]).await?;
        Ok(rows.into_iter().flatten().flatten().next_back().filter(|name| !name.is_empty()))
    }

    async fn is_read_only(&mut self) -> Result<bool, DbError> {
        let rows = self.query(dialect::read_only(self.kind()), &[]).await?;
        Ok(rows.first().and_then(|row| row.first()).is_some_and(|value| matches!(value.as_deref(), Some("1" | "on"))))
    }
}
