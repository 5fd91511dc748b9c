//! Where a coordinator keeps things and where it listens. No defaults are hidden elsewhere.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::Context as _;

use crate::store::Timing;

/// First of the three ports: peers, then agents, then operators.
pub const BASE_PORT: u16 = 7400;

/// Where a coordinator keeps things and listens.
#[derive(Debug, Clone)]
pub struct Config {
    /// Certificates and keys, `/etc/ha-mesh`.
    pub keys: PathBuf,
    /// State, `/var/lib/ha-mesh/coordinator`.
    pub state: PathBuf,
    /// Packages and copies that the mesh keeps, `/var/lib/ha-mesh/share`.
    pub share: PathBuf,
    /// Address it listens on.
    pub listen: IpAddr,
    /// Metrics and health on loopback; `None` leaves them out.
    pub telemetry: Option<SocketAddr>,
    /// Raft's timing.
    pub timing: Timing,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            keys: "/etc/ha-mesh".into(),
            state: "/var/lib/ha-mesh/coordinator".into(),
            share: "/var/lib/ha-mesh/share".into(),
            listen: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            telemetry: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, BASE_PORT + 9))),
            timing: Timing::Lan,
        }
    }
}

/// A coordinator's three ports, from its host with an optional first port (`10.0.0.1` or `127.0.0.1:7510`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ports {
    /// Host without port.
    pub host: String,
    /// Raft peers and relayed calls.
    pub peers: u16,
    /// Agents and enrolment.
    pub agents: u16,
    /// Operators.
    pub operators: u16,
}

impl Ports {
    /// Parses `host` or `host:first-port`.
    pub fn of(host: &str) -> anyhow::Result<Self> {
        let (host, base) = match host.rsplit_once(':') {
            Some((name, port)) if !name.contains(':') => {
                (name, port.parse().with_context(|| format!("read the port of {host}"))?)
            }
            _ => (host, BASE_PORT),
        };
        Ok(Self { host: host.to_owned(), peers: base, agents: base + 1, operators: base + 2 })
    }
    /// `host:port` of the agents' listener.
    pub fn agents(&self) -> String {
        format!("{}:{}", self.host, self.agents)
    }
    /// `host:port` of the operators' listener.
    pub fn operators(&self) -> String {
        format!("{}:{}", self.host, self.operators)
    }
    /// `host:port` of the peers' listener.
    pub fn peers(&self) -> String {
        format!("{}:{}", self.host, self.peers)
    }
}
