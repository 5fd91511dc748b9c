//! The machine itself: what hardly changes, and how busy it is.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// What hardly changes about a machine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Facts {
    /// Host name.
    pub hostname: String,
    /// Addresses of its interfaces, loopback and VIPs of others' making included.
    pub addresses: Vec<IpAddr>,
    /// `/etc/machine-id`.
    pub machine_id: String,
    /// Kernel's boot id: differs after each boot.
    pub boot_id: String,
    /// `ID` and `VERSION_ID` of os-release, for example `debian 12`.
    pub os: String,
    /// Kernel release.
    pub kernel: String,
    /// `amd64` or `arm64`.
    pub arch: String,
    /// Processor cores.
    pub cpus: u32,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Root file system in GiB.
    pub disk_gib: u64,
    /// The agent's version.
    pub agent_version: String,
}

/// How busy a machine is. Rounded by the agent, so that it changes rarely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Load {
    /// CPU in use, per cent of all cores.
    pub cpu_percent: u8,
    /// Memory in use, per cent.
    pub memory_percent: u8,
    /// Root file system in use, per cent.
    pub disk_percent: u8,
    /// Memory pressure, "full avg60" in per cent; absent where the kernel does not tell.
    pub memory_pressure_percent: Option<u8>,
    /// Clock offset that chrony estimates, in milliseconds; absent when unknown.
    pub clock_offset_ms: Option<i64>,
}
