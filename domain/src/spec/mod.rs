//! The spec: what is wanted, as the operator writes it in `cluster.yaml`.
//!
//! One file per section here; [`value`] holds what they are made of. Reading is [`parse()`], the rules are [`check()`].
//! Knows nothing of machines' reports, plans or programs.

mod accessors;
mod artifacts;
mod change;
mod check;
mod database;
mod defaults;
mod explain;
mod ingress;
mod joget;
mod kubernetes;
mod load_balancers;
mod machine;
mod migrate;
mod notify;
mod parse;
mod policy;
mod preflight;
mod problem;
mod removal;
mod render;
mod schema;
mod secrets;
mod source;
mod storage;
mod surroundings;
mod template;
pub mod value;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use change::check_change;
pub use check::{check, check_alone, check_reported, quorum, tolerates};
pub use migrate::migrate;
pub use parse::{locate, parse, read, read_where};
pub use problem::{Problem, Severity};
pub use removal::{check_removal, same_members, without_even_numbers};
pub use render::render;
pub use schema::{schema, with_defaults};
pub use source::{MAX_BYTES, Source};
pub use template::template;

pub use artifacts::{Artifacts, Proxy};
pub use database::{Backups, Database, DatabaseKind, DatabaseStorage, Replication, ReplicationMode};
pub use ingress::{Ingress, IngressKind, IngressTls};
pub use joget::{Amounts, DataSource, Edition, FormProbe, Joget, Pool, Probe, Resources};
pub use kubernetes::{ApiServer, Cni, Containerd, Kubernetes, ProxyMode};
pub use load_balancers::{Checks, LoadBalancers, RouterIds, Timeouts, Vips};
pub use machine::{Machine, Role};
pub use notify::{Notify, Smtp};
pub use policy::{Budgets, Day, Fencing, FencingKind, Healing, Policy, Window};
pub use preflight::{Needs, Preflight, Size};
pub use secrets::Secrets;
pub use storage::{Storage, StorageKind};
pub use surroundings::{Dns, Firewall, TimeSources};

use crate::id::{ClusterName, MachineName};

/// The version of the format this program writes. It only grows; `migrate` brings an older file up.
pub const FORMAT: u32 = 1;

/// A whole site, as wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Spec {
    /// The version of this format: 1.
    pub version: u32,
    /// The site's name; also the trust domain of its certificates.
    pub name: ClusterName,
    /// Every machine of the site.
    pub machines: Vec<Machine>,
    /// The machines that hold the site's own state; left out, the first three control planes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub coordinators: Vec<MachineName>,
    /// The two addresses that move between the load balancers.
    pub vips: Vips,
    /// Which Kubernetes, and what differs from its defaults.
    pub kubernetes: Kubernetes,
    /// What differs from containerd's usual configuration.
    #[serde(default)]
    pub containerd: Containerd,
    /// How the load balancers watch, wait and fail over.
    #[serde(default)]
    pub load_balancers: LoadBalancers,
    /// What brings the users' requests to Joget.
    #[serde(default)]
    pub ingress: Ingress,
    /// Joget's database.
    pub database: Database,
    /// The folder that holds Joget's uploads and settings.
    #[serde(default)]
    pub storage: Storage,
    /// The application.
    pub joget: Joget,
    /// Where machines get the time.
    #[serde(default)]
    pub time: TimeSources,
    /// How machines resolve names.
    #[serde(default)]
    pub dns: Dns,
    /// Whether the machines' firewall is ours.
    #[serde(default)]
    pub firewall: Firewall,
    /// Where programs and images come from.
    #[serde(default)]
    pub artifacts: Artifacts,
    /// Who is told when a person is needed.
    #[serde(default)]
    pub notify: Notify,
    /// What the checks before the install may overlook.
    #[serde(default)]
    pub preflight: Preflight,
    /// What may happen by itself, how often and when.
    #[serde(default)]
    pub policy: Policy,
    /// The names under which the site's secrets are kept.
    #[serde(default)]
    pub secrets: Secrets,
}
