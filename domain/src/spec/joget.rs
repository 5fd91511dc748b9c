//! The `joget` section. Knows nothing of manifests.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{HostName, ImageReference, Period, Quantity};

/// The application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Joget {
    /// Its image.
    pub image: ImageReference,
    /// The name users type; resolves to the apps VIP.
    pub host: HostName,
    /// Which edition; only enterprise runs more than one replica.
    #[serde(default)]
    pub edition: Edition,
    /// How many run at once.
    #[serde(default = "super::defaults::replicas")]
    pub replicas: u32,
    /// What one replica may use.
    #[serde(default)]
    pub resources: Resources,
    /// Its pool of database connections.
    #[serde(default)]
    pub pool: Pool,
    /// How it finds its database.
    #[serde(default)]
    pub data_source: DataSource,
    /// What proves that it works.
    #[serde(default)]
    pub probe: Probe,
}

/// Joget's edition.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Edition {
    /// One replica, restarted elsewhere when its worker dies.
    #[default]
    Community,
    /// Clusters.
    Enterprise,
}

/// What one replica may use.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Resources {
    /// Set aside for it.
    pub requests: Amounts,
    /// The most it may take.
    pub limits: Amounts,
}

/// CPU and memory; what is left out is not set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Amounts {
    /// Cores, for example `500m` or `2`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<Quantity>,
    /// Memory, for example `2Gi`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
}

/// The pool of database connections of one replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Pool {
    /// Connections one replica may hold. All replicas must fit into `database.maxConnections`.
    pub max_active: u32,
}

/// How Joget finds its database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct DataSource {
    /// The name of Joget's database profile; part of the system key that a licence is bound to.
    pub profile: String,
    /// Added to the JDBC URL.
    pub parameters: BTreeMap<String, String>,
}

/// What proves that Joget works: a page through the apps VIP, then a SELECT, then, if told, a form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Probe {
    /// The page that must answer 200.
    pub path: String,
    /// Whether a SELECT in Joget's schema belongs to the proof.
    pub select: bool,
    /// A form that is submitted and must become a row.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub form: Option<FormProbe>,
    /// Time between two probes.
    pub interval: Period,
    /// Time for an answer.
    pub timeout: Period,
}

/// A form that is submitted and must become a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FormProbe {
    /// Where it is posted.
    pub path: String,
    /// The field that is filled with a value of its own each time.
    pub field: String,
    /// The table the row appears in.
    pub table: String,
    /// The table's column.
    pub column: String,
}
