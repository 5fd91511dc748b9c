//! The mesh's identity, the spec in force, the coordinators.

use serde::{Deserialize, Serialize};

use crate::catalog::Catalog;
use crate::id::{ClusterName, CoordinatorId, Digest, MachineId, Time};
use crate::spec::Spec;

/// The mesh's identity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Mesh {
    /// Trust domain: made at `init`, different for every mesh.
    pub cluster: ClusterName,
    /// Counts disaster restores.
    pub lineage: u64,
    /// The authority's certificate, PEM.
    pub ca_pem: String,
    /// The authority's key, sealed, in hex.
    pub ca_key_sealed: String,
    /// sha256 of the authority's SubjectPublicKeyInfo.
    pub pin: Digest,
    /// The coordinator's package that the mesh keeps for further replicas.
    pub package: Option<Package>,
}

/// A package that the mesh keeps.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// sha256.
    pub digest: Digest,
    /// Version.
    pub version: String,
}

/// The spec in force.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SpecRecord {
    /// Counts up with each change.
    pub generation: u64,
    /// When it was applied.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// As written.
    pub text: String,
    /// As understood.
    pub spec: Spec,
    /// What can be installed for it.
    pub catalog: Catalog,
}

/// An earlier spec.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecNote {
    /// Its generation.
    pub generation: u64,
    /// When it was applied.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// As written.
    pub text: String,
}

/// Where a coordinator is found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorAddress {
    /// Raft id.
    pub id: CoordinatorId,
    /// Host: an address or a name, without port.
    pub host: String,
}

/// A coordinator replica.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CoordinatorRecord {
    /// Host: an address or a name, without port.
    pub host: String,
    /// When it was admitted.
    pub at: Time,
    /// The machine it runs on, once its agent is known.
    pub machine: Option<MachineId>,
    /// It was taken out; its id is never used again.
    pub removed: bool,
}
