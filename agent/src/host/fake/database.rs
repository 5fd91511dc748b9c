//! A simulated database server's content: schemas with their tables, accounts. MariaDB and PostgreSQL alike.
//!
//! Knows no SQL.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A server; it lives on disk.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Server {
    pub(super) unit: &'static str,
    pub(super) schemas: BTreeMap<String, Schema>,
    /// By name (PostgreSQL) or name and host (MariaDB).
    pub(super) accounts: BTreeMap<(String, String), Account>,
}

/// A schema of MariaDB, a database of PostgreSQL.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Schema {
    pub(super) collation: String,
    pub(super) owner: String,
    /// Rows of each table.
    pub(super) tables: BTreeMap<String, u64>,
    /// Values that forms have written.
    pub(super) values: Vec<String>,
}

/// Someone who may log in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) password: String,
    pub(super) needs_tls: bool,
    /// Schemas that it may use, as a pattern.
    pub(super) grants: Vec<String>,
}

impl Server {
    pub(super) fn of_package(name: &str) -> Option<Self> {
        let unit = match name {
            "mariadb-server" => "mariadb",
            "postgresql" => "postgresql@15-main",
            _ => return None,
        };
        Some(Self { unit, schemas: BTreeMap::new(), accounts: BTreeMap::new() })
    }

    /// Whether somebody with this name and password may use the schema. From where is not looked at.
    pub(super) fn admits(&self, user: &str, password: &str, schema: &str) -> bool {
        let knows = |(_, account): (&(String, String), &Account)| fits(&account.password, password);
        let owned = self.schemas.get(schema).is_some_and(|s| s.owner == user);
        let mut accounts = self.accounts.iter().filter(|((name, _), _)| name == user);
        let granted = |a: &Account| a.grants.iter().any(|g| g.replace('\\', "") == schema);
        accounts.any(|entry| knows(entry) && (owned || granted(entry.1)))
    }
}

/// PostgreSQL keeps a secret that was derived from the password; what that proves is tested with the derivation.
fn fits(kept: &str, password: &str) -> bool {
    kept == password || kept.starts_with("SCRAM-SHA-256$")
}
