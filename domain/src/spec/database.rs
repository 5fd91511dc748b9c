//! The `database` section. Knows nothing of SQL or packages.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{AbsolutePath, Quantity, TimeOfDay};

/// Joget's database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Database {
    /// Which server. Cannot be changed once there is data.
    pub kind: DatabaseKind,
    /// The schema's name.
    #[serde(default = "super::defaults::database_name")]
    pub name: String,
    /// The user Joget connects as.
    #[serde(default = "super::defaults::database_user")]
    pub user: String,
    /// Connections the server accepts; see `joget.pool`.
    #[serde(default = "super::defaults::max_connections")]
    pub max_connections: u32,
    /// Memory for pages (InnoDB's buffer pool, PostgreSQL's shared buffers); left out, a share of the machine's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub buffer_pool: Option<Quantity>,
    /// Further settings of the server, by its own names.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
    /// Where its files lie.
    #[serde(default)]
    pub storage: DatabaseStorage,
    /// How a second database machine follows the first.
    #[serde(default)]
    pub replication: Replication,
    /// When it is backed up, and how often that is kept.
    #[serde(default)]
    pub backups: Backups,
    /// Whether connections must be encrypted.
    #[serde(default = "super::defaults::yes")]
    pub tls: bool,
}

/// The database server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum DatabaseKind {
    /// MariaDB of the distribution.
    MariaDb,
    /// PostgreSQL of the distribution.
    PostgreSql,
}

impl DatabaseKind {
    /// The name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MariaDb => "mariadb",
            Self::PostgreSql => "postgresql",
        }
    }
    /// The port it listens on.
    pub const fn port(self) -> u16 {
        match self {
            Self::MariaDb => 3306,
            Self::PostgreSql => 5432,
        }
    }
}

impl fmt::Display for DatabaseKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Where the database's files lie.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DatabaseStorage {
    /// The data directory; left out, the distribution's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<AbsolutePath>,
    /// Free space the machine must have there before the install.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<Quantity>,
}

/// How a second database machine follows the first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Replication {
    /// What a commit waits for. Means nothing with one database machine.
    pub mode: ReplicationMode,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ReplicationMode {
    /// Its own disk: fast; a failover may lose the last moments.
    #[default]
    Async,
    /// The replica as well: slower; nothing acknowledged is lost.
    Sync,
}

/// When the database is backed up, and how often that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Backups {
    /// The time of day.
    pub at: TimeOfDay,
    /// How many are kept.
    pub keep: u32,
    /// On how many other machines each is kept.
    pub copies: u32,
}
