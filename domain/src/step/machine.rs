//! What makes a Linux machine ready for any role: preflight, base, time, firewall.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::spec::Role;

/// Looks before anything is changed; findings go into the report. Fails where the role cannot work.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Preflight {
    /// What the machine is to become.
    pub role: Role,
    /// The address the spec gives it: must be one of its own.
    pub address: IpAddr,
    /// Smallest sizes it may have; 0 switches a check off.
    pub minimum: Sizes,
    /// Peers whose ports it must reach (an answer or a refusal both count, silence does not).
    pub reach: Vec<Reach>,
    /// VIPs that nobody may hold yet, or only our own load balancers.
    pub vips: Vec<IpAddr>,
    /// Names of checks that the operator switched off (`preflight.ignore`).
    pub ignore: Vec<String>,
    /// Milliseconds of clock difference to the coordinators from which on chrony comes first.
    pub max_clock_difference_ms: u64,
}

/// The fact of the preflight that says how far the clock was from the leader's, in milliseconds.
pub const CLOCK_FACT: &str = "clockOffMs";

/// Smallest sizes of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Sizes {
    /// Processor cores.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Size of the root file system in GiB.
    pub disk_gib: u64,
}

/// A port of a peer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reach {
    /// The peer's address.
    pub address: IpAddr,
    /// TCP port.
    pub port: u16,
}

/// Host name, hosts file, kernel modules, sysctl, swap and the distribution's packages of a role.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Base {
    /// The machine's role: decides packages, modules and sysctl.
    pub role: Role,
    /// Host name, the machine's name in the spec.
    pub hostname: String,
    /// Lines for the managed block of the hosts file: name to address.
    pub hosts: BTreeMap<String, IpAddr>,
    /// Whether swap must be off (kubelet's `failSwapOn`).
    pub swap_off: bool,
    /// Whether it mounts NFS.
    #[serde(default)]
    pub nfs_client: bool,
}

/// chrony.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TimeSync {
    /// NTP servers; empty keeps the distribution's pool.
    pub servers: Vec<String>,
}

/// An nftables table of our own that admits only these rules (and loopback, established, ICMP).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Firewall {
    /// What may come in.
    pub allow: Vec<Allow>,
}

/// One kind of traffic that may come in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Allow {
    /// `tcp`, `udp` or `vrrp`.
    pub protocol: Protocol,
    /// Port; absent for VRRP.
    pub port: Option<u16>,
    /// Addresses or networks it may come from; empty means anywhere.
    pub from: Vec<String>,
    /// For a person reading the rule.
    pub comment: String,
}

/// An IP protocol that rules speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "the names say it")]
pub enum Protocol {
    Tcp,
    Udp,
    Vrrp,
}
