//! The two load balancers: HAProxy in TCP mode, Keepalived with one VRRP instance a VIP.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// HAProxy.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Haproxy {
    /// Control planes behind port 6443, checked with `/readyz` over TLS.
    pub api: Vec<Backend>,
    /// Workers behind ports 80 and 443, with the PROXY protocol to the ingress.
    pub apps: Vec<Backend>,
    /// Port of the ingress controller's health check.
    pub apps_health_port: u16,
    /// Host name by which the application is asked for through each worker: one through which it does not answer, while it
    /// does through another, gets no users.
    #[serde(default)]
    pub apps_host: String,
    /// Upper bound of connections.
    pub max_connections: u32,
    /// Time limits in milliseconds.
    pub timeouts: HaproxyTimeouts,
    /// How backends are checked.
    pub checks: HaproxyChecks,
}

/// How backends are checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct HaproxyChecks {
    /// Milliseconds between two checks of one backend.
    pub interval_ms: u64,
    /// Failed checks until a backend gets no more connections.
    pub fall: u8,
    /// Passed checks until it gets them again.
    pub rise: u8,
}

/// A server behind a load balancer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backend {
    /// Machine name.
    pub name: String,
    /// Machine address.
    pub address: IpAddr,
}

/// HAProxy's time limits in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named after HAProxy's own settings")]
pub struct HaproxyTimeouts {
    pub connect: u64,
    pub client: u64,
    pub server: u64,
    pub check: u64,
}

/// Keepalived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Keepalived {
    /// One VRRP instance a VIP.
    pub instances: Vec<VrrpInstance>,
    /// This machine's address.
    pub address: IpAddr,
    /// The other load balancers' addresses.
    pub peers: Vec<IpAddr>,
    /// Interface; absent: the one that holds `address`.
    pub interface: Option<String>,
    /// Milliseconds between advertisements (VRRP version 3 counts in 10 ms).
    pub advert_interval_ms: u64,
}

/// One VRRP instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct VrrpInstance {
    /// `api` or `apps`.
    pub name: String,
    /// The virtual address.
    pub vip: IpAddr,
    /// Virtual router id, 1 to 255, unique in the network segment.
    pub router_id: u8,
    /// 1 to 254; the higher one is preferred at the first election only (nopreempt).
    pub priority: u8,
}
