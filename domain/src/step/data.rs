//! The database and the shared storage.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::spec::DatabaseKind;

/// The database server: installed from the distribution, secured, tuned, with TLS.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Database {
    /// MariaDB or PostgreSQL.
    pub kind: DatabaseKind,
    /// Address it listens on besides loopback.
    pub address: IpAddr,
    /// Networks that may connect.
    pub allow: Vec<String>,
    /// Connections it accepts.
    pub max_connections: u32,
    /// Memory for its cache (InnoDB buffer pool, shared buffers) in MiB.
    pub cache_mib: u64,
    /// Whether clients may and must use TLS.
    pub tls: bool,
    /// Further settings of the server, by its own names.
    #[serde(default)]
    pub settings: BTreeMap<String, String>,
}

/// Schema, user and grants for Joget.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseAccess {
    /// MariaDB or PostgreSQL.
    pub kind: DatabaseKind,
    /// Schema (MariaDB) or database (PostgreSQL).
    pub name: String,
    /// User.
    pub user: String,
    /// Whether the user must connect with TLS.
    pub tls: bool,
}

/// Nightly backups, each copied to other machines and restored on trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseBackup {
    /// MariaDB or PostgreSQL.
    pub kind: DatabaseKind,
    /// Schema or database.
    pub name: String,
    /// Time of day, `HH:MM`, in the machine's time zone.
    pub at: String,
    /// How many are kept.
    pub keep: u32,
    /// On how many other machines each is kept.
    pub copies: u32,
}

/// An NFS 4.1 server.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NfsServer {
    /// Exported directory.
    pub export: String,
    /// Addresses that may mount it.
    pub clients: Vec<IpAddr>,
}

/// PersistentVolume and claim for the directory that Joget's replicas share.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Where its files are.
    pub source: VolumeSource,
    /// Size that is claimed, a Kubernetes quantity.
    pub size: String,
}

/// Where the shared files are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum VolumeSource {
    /// An NFS export.
    Nfs {
        /// Server address.
        server: String,
        /// Exported directory.
        export: String,
    },
    /// A directory that is the same on every worker.
    Shared {
        /// The directory.
        path: String,
    },
    /// A directory of one worker; lost with it.
    Local {
        /// The directory.
        path: String,
        /// The worker's node name.
        node: String,
    },
}
