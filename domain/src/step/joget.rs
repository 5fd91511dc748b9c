//! Joget and the proof that the site works.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::DatabaseAccess;
use crate::id::SecretName;
use crate::spec::{DatabaseKind, FormProbe};

/// Joget's data source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataSource {
    /// MariaDB or PostgreSQL.
    pub kind: DatabaseKind,
    /// Database host: address or name.
    pub host: String,
    /// Database port.
    pub port: u16,
    /// Schema or database.
    pub name: String,
    /// User.
    pub user: String,
    /// Whether it connects with TLS.
    pub tls: bool,
    /// Connections of one replica's pool (`maxActive`).
    pub pool: u32,
    /// Name of Joget's database profile.
    pub profile: String,
    /// Added to the JDBC URL.
    pub parameters: BTreeMap<String, String>,
}

/// Joget in Kubernetes: secret, Deployment, Service, sticky Ingress, PodDisruptionBudget from two replicas.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Joget {
    /// Image reference.
    pub image: String,
    /// Replicas.
    pub replicas: u32,
    /// Host name of the Ingress.
    pub host: String,
    /// Whether the Ingress also answers on 443 with the secret `joget-tls`.
    pub tls: bool,
    /// Data source.
    pub data_source: DataSource,
    /// CPU request and limit, Kubernetes quantities; empty leaves it out.
    pub cpu: [String; 2],
    /// Memory request and limit, Kubernetes quantities; empty leaves it out.
    pub memory: [String; 2],
    /// An image with `/bin/busybox` that is on the workers: it lets Joget's own user into the shared directory, which
    /// belongs to root. Absent where the storage's server sees to that.
    #[serde(default)]
    pub open_volume_with: Option<String>,
    /// Who may pull the image. Absent where anybody may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub registry: Option<Registry>,
}

/// A registry that wants to know who pulls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registry {
    /// Host and port, as in the image's reference.
    pub host: String,
    /// The secret that holds `user:password`.
    pub secret: SecretName,
}

/// Joget's one-time setup (`POST /jw/setup/init`), through the apps VIP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JogetSetup {
    /// Where the ingress answers.
    pub vip: IpAddr,
    /// Host name of the Ingress.
    pub host: String,
    /// Data source that the setup is given.
    pub data_source: DataSource,
}

/// Proves the site from outside: what `joget.probe` declares, through the apps VIP.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Acceptance {
    /// Where the ingress answers.
    pub vip: IpAddr,
    /// Host name.
    pub host: String,
    /// Whether 443 must answer too.
    pub tls: bool,
    /// Path of the page that must answer 200.
    pub page: String,
    /// Whether a SELECT in Joget's schema belongs to the proof; the action runs on the database machine.
    pub select: bool,
    /// A form that is submitted after a login and must become a row of the schema.
    pub form: Option<FormProbe>,
    /// The schema.
    pub database: DatabaseAccess,
}
