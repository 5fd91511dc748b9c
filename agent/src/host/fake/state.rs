//! The state of one simulated machine.
//!
//! Knows nothing of the other machines.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::path::Path;

use ha_domain::report::{Facts, Load};

use super::database::Server;
use super::distribution;
use super::faults::Faults;
use super::files::Files;
use super::leaks::Leaks;
use super::units::Running;

/// A machine.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) name: String,
    pub(super) address: IpAddr,
    pub(super) on: bool,
    /// No packet leaves or reaches it.
    pub(super) cut: bool,
    pub(super) facts: Facts,
    pub(super) load: Load,
    /// Milliseconds that its clock is ahead.
    pub(super) clock_ahead_ms: i64,
    pub(super) free_bytes: u64,
    pub(super) files: Files,
    pub(super) units: BTreeMap<String, Running>,
    pub(super) enabled: BTreeSet<String>,
    pub(super) packages: BTreeSet<String>,
    /// The kernel's table `inet ha_mesh`, as nft lists it.
    pub(super) firewall: Option<String>,
    /// etcd, API server and the rest of a control plane run: they outlive their kubelet, not a power cut.
    pub(super) control_plane: bool,
    /// Units and static pods whose process is there and says nothing.
    pub(super) hung: BTreeSet<String>,
    pub(super) database: Option<Server>,
    pub(super) faults: Faults,
    pub(super) leaks: Leaks,
    /// What kubeadm was run for, in its order, whatever came of it.
    pub(super) kubeadm_runs: Vec<&'static str>,
    boots: u64,
    pids: u32,
}

impl State {
    /// A freshly installed machine that has just booted.
    pub(super) fn fresh(name: &str, address: IpAddr) -> Self {
        let mut state = Self {
            name: name.to_owned(),
            address,
            on: true,
            cut: false,
            facts: facts(name),
            load: Load { cpu_percent: 3, memory_percent: 20, disk_percent: 10, ..Load::default() },
            clock_ahead_ms: 0,
            free_bytes: 20 << 30,
            files: Files::default(),
            units: BTreeMap::new(),
            enabled: BTreeSet::new(),
            packages: BTreeSet::new(),
            firewall: None,
            control_plane: false,
            hung: BTreeSet::new(),
            database: None,
            faults: Faults::default(),
            leaks: Leaks::default(),
            kubeadm_runs: Vec::new(),
            boots: 0,
            pids: 300,
        };
        distribution::image(&mut state);
        state.start_kernel();
        state
    }

    pub(super) fn pid(&mut self) -> u32 {
        self.pids += 1;
        self.pids
    }

    /// What is only in memory is gone.
    pub(super) fn lose_memory(&mut self) {
        self.units.clear();
        self.firewall = None;
        self.control_plane = false;
        self.hung.clear();
        self.faults.clear();
        for folder in ["/run", "/tmp", "/proc", "/sys"] {
            self.files.remove(Path::new(folder));
        }
    }

    /// What a kernel shows after it booted; modules of `/etc/modules-load.d` and then settings of `/etc/sysctl.d` are in force.
    pub(super) fn start_kernel(&mut self) {
        self.boots += 1;
        self.facts.boot_id = format!("00000000-0000-4000-8000-{:012}", self.boots);
        let hostname = self.files.text("/etc/hostname").unwrap_or_default();
        self.facts.hostname = hostname.trim().to_owned();
        distribution::kernel(self);
        for module in self.below("/etc/modules-load.d").lines() {
            self.load_module(module.trim());
        }
        for setting in self.below("/etc/sysctl.d").lines().filter_map(|l| l.split_once('=')) {
            self.set_kernel(setting.0.trim(), setting.1.trim());
        }
    }

    fn below(&self, folder: &str) -> String {
        let files = self.files.list(Path::new(folder)).into_iter().filter(|n| n.ends_with(".conf"));
        let texts = files.filter_map(|n| self.files.text(&format!("{folder}/{n}")));
        texts.flat_map(|t| [t, "\n".to_owned()]).collect()
    }

    pub(super) fn set_kernel(&mut self, name: &str, value: &str) -> bool {
        let path = format!("/proc/sys/{}", name.replace('.', "/"));
        let known = self.files.has(&path);
        if known {
            self.files.write(&path, &format!("{value}\n"));
        }
        known
    }

    pub(super) fn load_module(&mut self, name: &str) -> bool {
        match name {
            "overlay" | "nfsd" => {
                let known = self.files.text("/proc/filesystems").unwrap_or_default();
                self.files.write("/proc/filesystems", &format!("{known}nodev\t{name}\n"));
            }
            "br_netfilter" => {
                for family in ["iptables", "ip6tables"] {
                    self.files.write(&format!("/proc/sys/net/bridge/bridge-nf-call-{family}"), "0\n");
                }
            }
            "nf_conntrack" => self.files.write("/proc/sys/net/netfilter/nf_conntrack_max", "262144\n"),
            "vxlan" => drop(self.files.make_dirs(Path::new("/sys/module/vxlan"))),
            _ => return false,
        }
        true
    }
}

fn facts(name: &str) -> Facts {
    Facts {
        hostname: "debian".to_owned(),
        machine_id: ha_domain::id::Digest::of(name.as_bytes()).as_str().chars().take(32).collect(),
        os: "debian 12".to_owned(),
        kernel: "6.1.0-simulated".to_owned(),
        arch: "amd64".to_owned(),
        cpus: 4,
        memory_mib: 8192,
        disk_gib: 80,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
        ..Facts::default()
    }
}
