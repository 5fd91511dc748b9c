//! The layers that run on a machine: Kubernetes, load balancing, database.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::id::{Digest, Time};

/// Kubernetes as one machine sees it. `None` means "could not be asked", never "no".
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct KubernetesReport {
    /// kubelet's health endpoint answers.
    pub kubelet_healthy: Option<bool>,
    /// The local API server's `/readyz` answers 200; control planes only.
    pub api_ready: Option<bool>,
    /// sha256 of the cluster CA's SubjectPublicKeyInfo; control planes only.
    pub ca_pin: Option<Digest>,
    /// The local etcd member's view; control planes only.
    pub etcd: Option<EtcdReport>,
    /// Nodes as the API server lists them; one control plane at least tells.
    pub nodes: BTreeMap<String, NodeStatus>,
    /// Pods that matter to us, `namespace/name` to its state; control planes only.
    pub pods: BTreeMap<String, PodStatus>,
    /// When the first certificate of this control plane expires.
    pub certificates_expire: Option<Time>,
}

/// etcd as its local member sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdReport {
    /// `/health` of the local member says true.
    pub healthy: bool,
    /// Members by name.
    pub members: BTreeMap<String, EtcdMember>,
    /// Name of the leader.
    pub leader: Option<String>,
    /// Size of the database in MiB, rounded up.
    pub db_mib: u64,
    /// Alarms, for example `NOSPACE`.
    pub alarms: Vec<String>,
    /// When the last verified snapshot was taken.
    pub last_snapshot: Option<Time>,
}

/// A member of the etcd cluster.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct EtcdMember {
    /// Member id in hex.
    pub id: String,
    /// First peer URL.
    pub peer_url: String,
    /// Learners do not vote.
    pub learner: bool,
}

/// A node as the API server lists it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct NodeStatus {
    /// Its Ready condition is True.
    pub ready: bool,
    /// kubelet's version, for example `v1.36.3`.
    pub version: String,
    /// Cordoned.
    pub unschedulable: bool,
    /// Declared out of service: its pods are let go.
    pub out_of_service: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
}

/// A pod that matters to us.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// Value of its `app` label.
    pub app: String,
    /// Node it runs on.
    pub node: String,
    /// All containers ready.
    pub ready: bool,
    /// Phase, or the reason why a container waits.
    pub phase: String,
    /// Restarts of its containers.
    pub restarts: u32,
}

/// Load balancing on one machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct BalanceReport {
    /// HAProxy answers on its local health port.
    pub haproxy_alive: bool,
    /// VIPs that are on this machine's interfaces now.
    pub vips: Vec<IpAddr>,
    /// `backend/server` to whether HAProxy sees it up.
    pub backends: BTreeMap<String, bool>,
}

/// The database on one machine.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct DatabaseReport {
    /// It answers a query on its local socket.
    pub alive: bool,
    /// Its version.
    pub version: String,
    /// Connections in use.
    pub connections: u32,
    /// When the last backup was taken.
    pub last_backup: Option<Time>,
    /// When a backup was last restored on trial.
    pub last_restore: Option<Time>,
}
