//! The mesh itself: coordinator replicas, cleaning a machine, and a measured nothing.

use serde::{Deserialize, Serialize};

use crate::id::Digest;

/// Installs the coordinator on this machine from the package that the mesh streams, and joins it as a replica.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CoordinatorReplica {
    /// sha256 of the package.
    pub package: Digest,
    /// Version of the package.
    pub version: String,
    /// Address its peers reach it at, `<ip>`.
    pub address: String,
}

/// Removes from a machine what its ledger says the agent made, and nothing else.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reset {
    /// The machine leaves the mesh afterwards.
    pub leave: bool,
}

/// Nothing, there and back.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Echo {
    /// Makes each one different.
    pub nonce: u64,
}
