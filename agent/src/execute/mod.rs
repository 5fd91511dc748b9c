//! How one action is carried out: probe, act, verify. One file an action; rendering apart and pure.
//!
//! Knows nothing of other machines, of why an action is wanted, or of the stream it came by.

use std::collections::BTreeMap;

use ha_domain::step::{Action, CredentialKind};
use ha_transport::Secret;

use crate::host::{Host, HostError};
use crate::ledger::Ledger;
use mesh::Mesh;

/// What a look at a component showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// As the action wants it, with findings for the report.
    Converged(BTreeMap<String, String>),
    /// What differs, for a person: "not installed", "unit haproxy is inactive".
    Differs(String),
}

impl Probe {
    /// Converged without findings.
    pub fn converged() -> Self {
        Self::Converged(BTreeMap::new())
    }
}

/// Secrets that came with the start grant.
pub type Credentials = BTreeMap<CredentialKind, Secret<String>>;

/// What an action works with.
pub struct Context<'a> {
    /// The machine.
    pub host: &'a dyn Host,
    /// What the agent made on this machine; entries go in before the thing is made.
    pub ledger: &'a Ledger,
    /// Secrets of this step; empty while only observing.
    pub credentials: &'a Credentials,
    /// What other machines hold.
    pub mesh: &'a dyn Mesh,
    /// One line about what is being done now, for live progress.
    pub progress: &'a (dyn Fn(String) + Send + Sync),
}

impl Context<'_> {
    /// The secret of this kind, or why the action cannot go on.
    pub fn credential(&self, kind: CredentialKind) -> Result<&str, ActError> {
        self.credentials.get(&kind).map(|s| s.expose().as_str()).ok_or(ActError::MissingCredential(kind))
    }
}

/// Why an action did not succeed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ActError {
    /// The machine refused.
    #[error(transparent)]
    Host(#[from] HostError),
    /// A program ran and said no: its name, exit code and the end of what it said.
    #[error("{program} failed with code {code}: {said}")]
    Program {
        /// Which.
        program: String,
        /// Exit code.
        code: i32,
        /// The last lines of its error output, without secrets.
        said: String,
    },
    /// A rendered file was refused by the program it is for; the last good one stays.
    #[error("{program} refuses the new configuration, the old one stays: {said}")]
    Invalid {
        /// Which program.
        program: String,
        /// What it said.
        said: String,
    },
    /// The grant did not carry a secret that the action needs.
    #[error("the start grant carried no {0:?}; this is a fault of the coordinator")]
    MissingCredential(CredentialKind),
    /// The machine does not fit: what was found and what to do.
    #[error("{0}")]
    Refused(String),
    /// It did not become true in time.
    #[error("waited {seconds} s for {what}; last seen: {last}")]
    Timeout {
        /// How long, in seconds.
        seconds: u64,
        /// For what.
        what: String,
        /// What was seen instead.
        last: String,
    },
}

/// Looks at the component of `action`; changes nothing. Cheap enough to be repeated: reads files, asks systemd and local
/// health endpoints.
pub async fn probe(action: &Action, cx: &Context<'_>) -> Result<Probe, ActError> {
    crate::execute::table::probe(action, cx).await
}

/// Brings the component of `action` to the wanted state: looks, acts where it differs, looks again.
pub async fn ensure(action: &Action, cx: &Context<'_>) -> Result<BTreeMap<String, String>, ActError> {
    if let Probe::Converged(facts) = probe(action, cx).await? {
        return Ok(facts);
    }
    crate::execute::table::act(action, cx).await?;
    match probe(action, cx).await? {
        Probe::Converged(facts) => Ok(facts),
        Probe::Differs(what) => Err(ActError::Refused(format!("{} was done, but: {what}", action.component()))),
    }
}

mod acceptance;
pub mod address;
pub mod artifact;
mod base;
mod containerd;
mod coordinator;
mod database;
mod database_access;
pub mod database_backup;
pub mod distro;
mod drain;
mod echo;
mod etcd_api;
pub mod etcd_snapshots;
mod firewall;
mod haproxy;
mod images;
mod ingress;
mod ingress_tls;
mod jdbc;
mod joget;
mod joget_setup;
mod join_credentials;
mod keepalived;
pub mod kube_api;
mod kube_object;
mod kubernetes;
mod manifest;
pub mod mesh;
mod network;
mod nfs_server;
mod node;
mod node_labels;
pub mod out_of_service;
mod preflight;
mod remove_node;
pub mod rendered;
mod reset;
mod select;
pub mod service;
mod site;
mod table;
mod time;
mod utc;
mod volume;
