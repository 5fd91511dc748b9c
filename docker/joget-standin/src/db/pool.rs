//! A small pool: connects only when asked, validates before use, drops what failed.
//!
//! It must not know HTTP or the property files.

use super::schema::{self, Seed};
use super::{Conn, DbError, LIMIT, Login, Row};
use crate::jdbc::{Kind, Target};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// No more than this many connections, whatever `maxActive` says: the stand-in is small.
pub const CEILING: usize = 10;
/// An idle connection older than this is closed rather than used.
const KEEP_IDLE: Duration = Duration::from_secs(60);
/// How long a validation may take.
const VALIDATION: Duration = Duration::from_secs(2);

struct Idle {
    conn: Conn,
    since: Instant,
}

/// Connections to one data source.
pub struct Pool {
    target: Target,
    login: Login,
    permits: Semaphore,
    size: usize,
    idle: Mutex<Vec<Idle>>,
    has_tables: AtomicBool,
    seed: Option<Seed>,
}

impl Pool {
    /// A pool that has not connected yet. `max_active` is brought into 1..=`CEILING`.
    /// With a seed it makes the schema itself when there is none.
    pub fn new(target: Target, login: Login, max_active: usize, seed: Option<Seed>) -> Self {
        let size = max_active.clamp(1, CEILING);
        let permits = Semaphore::new(size);
        Self { target, login, permits, size, idle: Mutex::default(), has_tables: AtomicBool::new(false), seed }
    }

    /// Which database this is.
    pub fn kind(&self) -> Kind {
        self.target.kind
    }

    /// The most connections this pool opens.
    pub fn size(&self) -> usize {
        self.size
    }

    /// Where it connects to, for a person.
    pub fn place(&self) -> String {
        let hosts: Vec<String> = self.target.hosts.iter().map(|(host, port)| format!("{host}:{port}")).collect();
        format!("{}/{}", hosts.join(","), self.target.database.as_deref().unwrap_or(""))
    }

    /// Runs one statement on a validated connection.
    ///
    /// # Errors
    /// Any `DbError`. After one, a write may or may not have happened.
    pub async fn run(&self, sql: &str, params: &[&str]) -> Result<Vec<Row>, DbError> {
        self.with(async |conn| conn.query(sql, params).await).await
    }

    /// The cipher of a connection of this pool, `None` when it is plain text.
    ///
    /// # Errors
    /// Any `DbError`.
    pub async fn cipher(&self) -> Result<Option<String>, DbError> {
        self.with(async |conn| conn.cipher().await).await
    }

    async fn with<T>(&self, work: impl AsyncFnOnce(&mut Conn) -> Result<T, DbError>) -> Result<T, DbError> {
        let permit = timeout(LIMIT, self.permits.acquire()).await;
        let _permit = permit.map_err(|_| DbError::TimedOut { doing: "waiting for a free connection of the pool" })?;
        let mut conn = self.take().await?;
        self.ensure_tables(&mut conn).await?;
        let answer = work(&mut conn).await;
        match &answer {
            Ok(_) => self.lock().push(Idle { conn, since: Instant::now() }),
            // Dropped: after an error (a demoted server too) the next one connects afresh.
            Err(DbError::Statement { missing_table: true, .. }) => self.has_tables.store(false, Ordering::Relaxed),
            Err(_) => self.lock().clear(),
        }
        answer
    }

    async fn take(&self) -> Result<Conn, DbError> {
        let recent = {
            let mut idle = self.lock();
            idle.retain(|one| one.since.elapsed() < KEEP_IDLE);
            idle.pop()
        };
        if let Some(Idle { mut conn, .. }) = recent {
            if is_alive(&mut conn).await {
                return Ok(conn);
            }
            // One dead connection means a restarted or lost server: the others are as dead.
            self.lock().clear();
        }
        Conn::open(&self.target, &self.login).await
    }

    async fn ensure_tables(&self, conn: &mut Conn) -> Result<(), DbError> {
        if self.has_tables.load(Ordering::Relaxed) {
            return Ok(());
        }
        if let Some(seed) = &self.seed {
            schema::install(conn, seed).await?;
        }
        schema::create_runtime_tables(conn).await?;
        self.has_tables.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// A poisoned lock still guards a usable list.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Idle>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn is_alive(conn: &mut Conn) -> bool {
    matches!(timeout(VALIDATION, conn.query("SELECT 1", &[])).await, Ok(Ok(_)))
}
