//! The `time`, `dns` and `firewall` sections: what the site is surrounded by. Knows nothing of chrony or nftables.

use std::collections::BTreeMap;
use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::HostName;

/// Where machines get the time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct TimeSources {
    /// NTP servers; left out, the distribution's pool.
    pub servers: Vec<HostName>,
}

/// How machines resolve names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Dns {
    /// Resolvers; left out, those the machine has.
    pub servers: Vec<IpAddr>,
    /// Names that every machine knows besides the other machines.
    pub hosts: BTreeMap<HostName, IpAddr>,
}

/// Whether the machines' firewall is ours.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Firewall {
    /// An allow list by role, in a table of our own.
    #[default]
    Managed,
    /// We write no rule.
    Off,
}
