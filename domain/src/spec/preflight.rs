//! The `preflight` section and the sizes a role needs. Measures nothing.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::machine::Role;
use super::value::Quantity;

/// What the checks before the install may overlook.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Preflight {
    /// Checks whose failure does not stop: ours (`sizes`, `fsync`, `ports`, `clock`, `swap`, `cgroup`) and kubeadm's (`SystemVerification`, ...).
    pub ignore: Vec<String>,
    /// Sizes to expect of a role instead of the recommended ones.
    pub sizes: BTreeMap<Role, Size>,
}

impl Preflight {
    /// Whether the check of that name may fail. Letter case does not count, as with kubeadm.
    pub fn ignores(&self, check: &str) -> bool {
        self.ignore.iter().any(|name| name.eq_ignore_ascii_case(check))
    }
}

/// A machine's size. What is left out is not checked.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Size {
    /// Cores.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpus: Option<u32>,
    /// Memory.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<Quantity>,
    /// Disk.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<Quantity>,
}

/// Bytes and cores a role needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Needs {
    /// Cores.
    pub cpus: u32,
    /// Bytes of memory.
    pub memory: u64,
    /// Bytes of disk.
    pub disk: u64,
}

const GB: u64 = 1_000_000_000;

impl Role {
    /// The recommended size; a smaller machine is warned of.
    pub const fn recommended(self) -> Needs {
        let (cpus, memory, disk) = match self {
            Self::ControlPlane => (2, 2, 40),
            Self::Worker | Self::Database | Self::Spare => (4, 8, 60),
            Self::LoadBalancer => (1, 1, 20),
            Self::Storage => (1, 2, 100),
        };
        Needs { cpus, memory: memory * GB, disk: disk * GB }
    }

    /// The least that works at all; a smaller machine is refused. A control plane's is kubeadm's own.
    pub const fn least(self) -> Needs {
        let (cpus, memory_mb) = match self {
            Self::ControlPlane => (2, 1_700),
            Self::Worker | Self::Database | Self::Storage | Self::Spare => (1, 1_000),
            Self::LoadBalancer => (1, 400),
        };
        Needs { cpus, memory: memory_mb * 1_000_000, disk: 4 * GB }
    }
}
