//! The simulated site: its machines, the network between them, and the cluster they form.
//!
//! Everything is behind one lock, so that every call is one instant.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use ha_domain::id::Time;
use tokio::time::Instant;

use super::cluster::Cluster;
use super::coordinators::{Agreeable, Coordinators};
use super::joget::Joget;
use super::machine::SimulatedMachine;
use super::state::State;

/// A simulated site; cloning shares it.
#[derive(Clone)]
pub struct World {
    pub(super) site: Arc<Mutex<Site>>,
    pub(super) coordinators: Arc<Mutex<Arc<dyn Coordinators>>>,
    epoch: Time,
    begun: Instant,
}

/// All of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Site {
    pub(super) machines: BTreeMap<String, State>,
    /// Who holds a virtual address.
    pub(super) holders: BTreeMap<IpAddr, String>,
    pub(super) cluster: Cluster,
    pub(super) joget: Joget,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "World({})", self.lock().machines.keys().cloned().collect::<Vec<_>>().join(" "))
    }
}

impl World {
    /// An empty site whose clock begins at the real time.
    pub fn new() -> Self {
        let real = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Self::starting_at(Time(u64::try_from(real.as_millis()).unwrap_or(0)))
    }

    /// An empty site whose clock begins at `epoch`. It runs with tokio's, so a test that pauses time pauses it too.
    pub fn starting_at(epoch: Time) -> Self {
        let coordinators: Arc<dyn Coordinators> = Arc::new(Agreeable);
        Self { site: Arc::default(), coordinators: Arc::new(Mutex::new(coordinators)), epoch, begun: Instant::now() }
    }

    /// A fresh machine with one address in a /24; an older one of that name is replaced.
    pub fn machine(&self, name: &str, address: IpAddr) -> SimulatedMachine {
        self.lock().machines.insert(name.to_owned(), State::fresh(name, address));
        SimulatedMachine::new(self.clone(), name)
    }

    /// The same site once more, as it is now; from here on each goes its own way.
    pub fn fork(&self) -> Self {
        let site = Arc::new(Mutex::new(self.lock().clone()));
        Self { site, coordinators: Arc::new(Mutex::new(self.coordinators())), epoch: self.epoch, begun: self.begun }
    }

    /// A machine that is there already.
    pub fn existing(&self, name: &str) -> Option<SimulatedMachine> {
        self.lock().machines.contains_key(name).then(|| SimulatedMachine::new(self.clone(), name))
    }

    /// Who runs the coordinator's program on these machines.
    pub fn run_coordinators(&self, coordinators: Arc<dyn Coordinators>) {
        *self.coordinators.lock().unwrap_or_else(PoisonError::into_inner) = coordinators;
    }

    pub(super) fn coordinators(&self) -> Arc<dyn Coordinators> {
        Arc::clone(&self.coordinators.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Site> {
        self.site.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The site's true time.
    pub fn now(&self) -> Time {
        let since = self.begun.elapsed().as_millis();
        self.epoch.plus_ms(u64::try_from(since).unwrap_or(0))
    }

    /// Names of the cluster's nodes, ready or not.
    pub fn nodes(&self) -> Vec<String> {
        self.lock().cluster.node_names()
    }

    /// Names of the etcd members.
    pub fn etcd_members(&self) -> Vec<String> {
        self.lock().cluster.members.iter().map(|m| m.name.clone()).collect()
    }

    /// The machine that holds a virtual address now.
    pub fn vip_holder(&self, vip: IpAddr) -> Option<String> {
        let mut site = self.lock();
        site.elect();
        site.holders.get(&vip).cloned()
    }

    /// An object of the cluster by its API path.
    pub fn object(&self, path: &str) -> Option<serde_json::Value> {
        let mut site = self.lock();
        site.settle();
        site.cluster.objects.get(path).cloned()
    }

    /// Whether Joget's one-time setup was done.
    pub fn is_joget_set_up(&self) -> bool {
        self.lock().joget.is_set_up()
    }
}

impl Site {
    /// What follows of itself from what is there: control planes that their kubelet starts, virtual addresses that move,
    /// pods that are scheduled.
    pub(super) fn settle(&mut self) {
        for state in self.machines.values_mut() {
            let starts = state.is_active("kubelet") && state.is_active("containerd");
            if starts && !state.control_plane && state.files.has("/etc/kubernetes/manifests/kube-apiserver.yaml") {
                state.start_control_plane();
            }
        }
        self.elect();
        if self.has_quorum() {
            self.elect_etcd_leader();
            self.run_controllers();
        }
    }
}
