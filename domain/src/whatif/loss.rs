//! The words in which a loss is told: one for each layer, VIP, replica and kind of data. Computes nothing.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Votes;
use crate::id::MachineName;

/// A layer of the site, from the mesh up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LayerKind {
    /// The coordinators' group.
    Coordinators,
    /// etcd.
    Etcd,
    /// The Kubernetes API.
    Kubernetes,
    /// Load balancers and their VIPs.
    LoadBalancing,
    /// Workers with the ingress.
    Workers,
    /// The database.
    Database,
    /// The folder that Joget's replicas share.
    Storage,
    /// Joget, as its users have it.
    Joget,
}

impl LayerKind {
    /// Its name on screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Coordinators => "coordinators",
            Self::Etcd => "etcd",
            Self::Kubernetes => "kubernetes API",
            Self::LoadBalancing => "load balancing",
            Self::Workers => "workers",
            Self::Database => "database",
            Self::Storage => "storage",
            Self::Joget => "joget",
        }
    }
}

/// What becomes of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing of it is missing.
    #[default]
    Holds,
    /// It serves, with less than it should have, or after an interruption.
    Degraded,
    /// It does not serve.
    Lost,
}

impl Verdict {
    /// One word for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Degraded => "degraded",
            Self::Lost => "lost",
        }
    }
}

/// What becomes of one layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LayerLoss {
    /// Which.
    pub layer: LayerKind,
    /// What becomes of it.
    pub verdict: Verdict,
    /// Machines of it that serve then, in the spec's order; empty where no machine of the site carries it.
    pub left: Vec<MachineName>,
    /// The votes then, where a majority must agree.
    pub votes: Option<Votes>,
    /// How many more of its machines may be lost then; absent where it depends on no machine of the site.
    pub tolerates: Option<usize>,
    /// The arithmetic and what follows from it, for a person.
    pub detail: String,
}

/// What becomes of a VIP.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VipLoss {
    /// `api` or `apps`.
    pub name: String,
    /// The address.
    pub address: IpAddr,
    /// Who says now that they hold it: one machine on a healthy site.
    pub today: Vec<MachineName>,
    /// Who would hold it: nobody, one, or one of these.
    pub then: Vec<MachineName>,
}

/// Joget's replicas on machines that are not there then.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Replicas {
    /// Pods that run on such machines, as `namespace/name on machine`.
    pub displaced: Vec<String>,
    /// Ready pods that go on elsewhere.
    pub stay: usize,
    /// Whether the workers that are left can take the displaced.
    pub room: Room,
    /// Seconds until Kubernetes starts them elsewhere, their own start not counted; absent where none has to move or can.
    pub moved_after_s: Option<u64>,
}

impl Replicas {
    /// Whether users are without Joget until a pod has been started elsewhere.
    pub fn interrupts(&self) -> bool {
        !self.displaced.is_empty() && self.stay == 0
    }
}

/// Whether workers can take pods, by what their machines report and what Joget requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Room {
    /// No pod has to move.
    #[default]
    NotNeeded,
    /// There is.
    Enough,
    /// There is not.
    TooLittle,
    /// A machine that matters has not reported its size.
    NotKnown,
}

/// Data that is gone if the machines never return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DataLoss {
    /// Of which layer.
    pub layer: LayerKind,
    /// Milliseconds of changes that no copy has; absent where all of it is gone.
    pub window_ms: Option<u64>,
    /// What is gone, for a person.
    pub detail: String,
}

/// A machine of the spec that counts as lost already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Absent {
    /// Its name.
    pub name: MachineName,
    /// Why: `silent`, `has not joined` and so on.
    pub why: String,
}
