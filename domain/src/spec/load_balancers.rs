//! The `vips` and `loadBalancers` sections. Knows nothing of HAProxy's or Keepalived's files.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::Period;

/// The two addresses that move between the load balancers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Vips {
    /// kube-apiserver, port 6443.
    pub api: IpAddr,
    /// The users, ports 80 and 443.
    pub apps: IpAddr,
}

/// How the load balancers watch, wait and fail over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct LoadBalancers {
    /// VRRP router ids; unique in the subnet, other VRRP speakers included.
    pub router_ids: RouterIds,
    /// How often the holder of a VIP says that it lives; a VIP moves after about three silent intervals.
    pub advert_interval: Period,
    /// HAProxy's timeouts.
    pub timeouts: Timeouts,
    /// How backends are checked.
    pub checks: Checks,
    /// The interface that carries the VIPs; left out, the one that has the machine's address.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interface: Option<String>,
    /// Connections one load balancer accepts at once.
    pub max_connections: u32,
}

/// VRRP router ids, 1 to 255.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct RouterIds {
    /// The api VIP's.
    pub api: u16,
    /// The apps VIP's.
    pub apps: u16,
}

/// HAProxy's timeouts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeouts {
    /// To connect to a backend before another is tried.
    pub connect: Period,
    /// A silent client; long, since watches and `kubectl exec` are silent for hours.
    pub client: Period,
    /// A silent backend.
    pub server: Period,
    /// For the answer to a check.
    pub check: Period,
}

/// How backends are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Checks {
    /// Time between two checks of one backend.
    pub interval: Period,
    /// Failed checks until a backend gets no more connections.
    pub fall: u8,
    /// Passed checks until it gets them again.
    pub rise: u8,
}
