//! The tables: a few of Joget's names with the stand-in's own content, and the first user.
//!
//! It must not know HTTP or the property files. It is no copy of Joget's schema.

use super::{Conn, DbError, dialect};
use crate::jdbc::Kind;
use crate::password;
use crate::secret::Secret;

/// What the first user gets.
#[derive(Clone, Debug)]
pub struct Seed {
    /// The password of `admin`.
    pub admin_password: Secret,
}

/// Whether the schema was there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was made now.
    Made,
    /// `dir_role` had rows: nothing was touched.
    WasThere,
}

/// Makes the tables and the first user, unless `dir_role` has rows. Safe to run from several pods at once.
///
/// # Errors
/// Any `DbError`; running it again finishes what was begun.
pub async fn install(conn: &mut Conn, seed: &Seed) -> Result<Outcome, DbError> {
    if is_installed(conn).await? {
        return Ok(Outcome::WasThere);
    }
    let (lock, unlock) = dialect::schema_lock(conn.kind());
    conn.query(lock, &[]).await?;
    let outcome = install_locked(conn, seed).await;
    conn.query(unlock, &[]).await?;
    outcome
}

async fn install_locked(conn: &mut Conn, seed: &Seed) -> Result<Outcome, DbError> {
    if is_installed(conn).await? {
        return Ok(Outcome::WasThere);
    }
    for table in base_tables(conn.kind()) {
        conn.query(&table, &[]).await?;
    }
    create_tables_unlocked(conn).await?;
    insert_seed(conn, seed).await?;
    Ok(Outcome::Made)
}

/// Whether `dir_role` has rows, which is also how Joget decides.
///
/// # Errors
/// Any `DbError` but a missing table, which means no.
pub async fn is_installed(conn: &mut Conn) -> Result<bool, DbError> {
    match conn.query("SELECT id FROM dir_role LIMIT 1", &[]).await {
        Ok(rows) => Ok(!rows.is_empty()),
        Err(DbError::Statement { missing_table: true, .. }) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Makes the form's table and the sessions' table when missing, as Joget makes form tables at run time.
///
/// # Errors
/// Any `DbError`.
pub async fn create_runtime_tables(conn: &mut Conn) -> Result<(), DbError> {
    let probe = conn.query("SELECT id FROM app_fd_standin LIMIT 1", &[]).await;
    let sessions = conn.query("SELECT id FROM standin_session LIMIT 1", &[]).await;
    if probe.is_ok() && sessions.is_ok() {
        return Ok(());
    }
    let (lock, unlock) = dialect::schema_lock(conn.kind());
    conn.query(lock, &[]).await?;
    let made = create_tables_unlocked(conn).await;
    conn.query(unlock, &[]).await?;
    made
}

async fn create_tables_unlocked(conn: &mut Conn) -> Result<(), DbError> {
    for table in runtime_tables(conn.kind()) {
        conn.query(&table, &[]).await?;
    }
    Ok(())
}

fn base_tables(kind: Kind) -> Vec<String> {
    let end = dialect::table_suffix(kind);
    [
        "dir_role (id VARCHAR(100) PRIMARY KEY, name VARCHAR(255), description VARCHAR(255))",
        "dir_user (id VARCHAR(100) PRIMARY KEY, username VARCHAR(100), password VARCHAR(255), active VARCHAR(5))",
        "dir_user_role (id VARCHAR(100) PRIMARY KEY, roleId VARCHAR(100), userId VARCHAR(100))",
        "wf_setup (id VARCHAR(100) PRIMARY KEY, property VARCHAR(255), value VARCHAR(255))",
    ]
    .map(|body| format!("CREATE TABLE IF NOT EXISTS {body}{end}"))
    .into()
}

fn runtime_tables(kind: Kind) -> Vec<String> {
    let (time, end) = (dialect::time_type(kind), dialect::table_suffix(kind));
    [
        format!(
            "app_fd_standin (id VARCHAR(100) PRIMARY KEY, dateCreated {time} NOT NULL, createdBy VARCHAR(100), \
             c_value TEXT, c_pod VARCHAR(255))"
        ),
        "standin_session (id VARCHAR(64) PRIMARY KEY, username VARCHAR(100), expires VARCHAR(20))".to_owned(),
    ]
    .map(|body| format!("CREATE TABLE IF NOT EXISTS {body}{end}"))
    .into()
}

/// `dir_role` comes last: its rows say that everything before is there.
async fn insert_seed(conn: &mut Conn, seed: &Seed) -> Result<(), DbError> {
    let keep = dialect::keep_existing(conn.kind());
    let hash = password::hash(&seed.admin_password);
    let user = format!("INSERT INTO dir_user (id, username, password, active) VALUES (?, ?, ?, ?){keep}");
    conn.query(&user, &["admin", "admin", &hash, "1"]).await?;
    let link = format!("INSERT INTO dir_user_role (id, roleId, userId) VALUES (?, ?, ?){keep}");
    conn.query(&link, &["admin-ROLE_ADMIN", "ROLE_ADMIN", "admin"]).await?;
    let setup = format!("INSERT INTO wf_setup (id, property, value) VALUES (?, ?, ?){keep}");
    conn.query(&setup, &["standin", "madeBy", crate::about::NAME]).await?;
    let role = format!("INSERT INTO dir_role (id, name, description) VALUES (?, ?, ?){keep}");
    conn.query(&role, &["ROLE_ADMIN", "Admin", "Administrator"]).await?;
    conn.query(&role, &["ROLE_USER", "User", "Normal User"]).await?;
    Ok(())
}
