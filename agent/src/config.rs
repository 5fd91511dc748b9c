//! Where the agent keeps things.

use std::path::PathBuf;

/// Where the agent keeps things.
#[derive(Debug, Clone)]
pub struct Config {
    /// Certificates and keys, `/etc/ha-mesh`.
    pub keys: PathBuf,
    /// Journal, ledger, endpoints, `/var/lib/ha-mesh`.
    pub state: PathBuf,
}

impl Default for Config {
    fn default() -> Self {
        Self { keys: "/etc/ha-mesh".into(), state: "/var/lib/ha-mesh".into() }
    }
}

/// The agent's certificate and key: `agent.pem`, `agent.key`.
pub const CERTIFICATE: &str = "agent";
/// The name given at the join, if any.
pub const NAME: &str = "agent.name";
