//! The machines of a site and the roles they play. Knows nothing of what is installed for a role.

use std::fmt;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::MachineName;

/// What a machine is for. Each machine has exactly one role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// etcd, kube-apiserver, controller manager, scheduler; by default a coordinator too.
    ControlPlane,
    /// Runs the ingress and Joget.
    Worker,
    /// HAProxy and Keepalived, holds the VIPs.
    LoadBalancer,
    /// MariaDB or PostgreSQL.
    Database,
    /// The NFS server.
    Storage,
    /// Enrolled and idle, ready to take another machine's place.
    Spare,
}

impl Role {
    /// Every role, in the order of the documentation.
    pub const ALL: [Self; 6] =
        [Self::ControlPlane, Self::Worker, Self::LoadBalancer, Self::Database, Self::Storage, Self::Spare];

    /// The name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ControlPlane => "control-plane",
            Self::Worker => "worker",
            Self::LoadBalancer => "load-balancer",
            Self::Database => "database",
            Self::Storage => "storage",
            Self::Spare => "spare",
        }
    }

    /// Whether such a machine is a Kubernetes node.
    pub const fn is_node(self) -> bool {
        match self {
            Self::ControlPlane | Self::Worker => true,
            Self::LoadBalancer | Self::Database | Self::Storage | Self::Spare => false,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Machine {
    /// Its name: becomes the host name and the Kubernetes node's name.
    pub name: MachineName,
    /// What it is for.
    pub role: Role,
    /// The address the others reach it at. IPv4 is proven.
    pub address: IpAddr,
    /// The host it runs on: two control planes on one hypervisor fall together.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hypervisor: Option<String>,
    /// The zone it stands in; becomes the node's topology label.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
}
