//! A simulated machine as tests hold it: what can be done to it, and what can be asked about it.
//!
//! The trait that agents use is in `apply`.

use std::net::IpAddr;
use std::path::Path;

use ha_domain::report::{Facts, Load};

use super::state::State;
use super::world::World;
use crate::host::HostError;

/// A machine of a [`World`]; cloning shares it.
#[derive(Debug, Clone)]
pub struct SimulatedMachine {
    pub(super) world: World,
    pub(super) name: String,
}

impl SimulatedMachine {
    pub(super) fn new(world: World, name: &str) -> Self {
        Self { world, name: name.to_owned() }
    }

    /// Its name in the world.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The site it is in.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Its address.
    pub fn address(&self) -> IpAddr {
        self.with(|state| state.address)
    }

    pub(super) fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        let mut site = self.world.lock();
        let state = site.machines.entry(self.name.clone());
        // A machine is never taken out of its world.
        act(state.or_insert_with(|| State::fresh(&self.name, IpAddr::from([127, 0, 0, 1]))))
    }

    /// Calls of its agent since the last [`SimulatedMachine::restart_agent`], in their order.
    pub fn calls(&self) -> Vec<&'static str> {
        self.with(|state| state.faults.calls().to_vec())
    }
    /// The agent dies before its `call`-th call has an effect (from 1).
    pub fn stop_before(&self, call: usize) {
        self.with(|state| state.faults.stop_before(call));
    }
    /// The agent dies after its `call`-th call had its effect, before it hears of it.
    pub fn stop_after(&self, call: usize) {
        self.with(|state| state.faults.stop_after(call));
    }
    /// The `call`-th call fails with this error and has no effect.
    pub fn fail_at(&self, call: usize, error: HostError) {
        self.with(|state| state.faults.fail_at(call, error));
    }
    /// From the `call`-th call on there is no room on the disk, until [`SimulatedMachine::restart_agent`].
    pub fn fill_disk_from(&self, call: usize) {
        self.with(|state| state.faults.full_from(call));
    }
    /// Secrets that must not be seen; [`SimulatedMachine::leaks`] tells where they were.
    pub fn watch_for(&self, secrets: &[String]) {
        self.with(|state| state.leaks.watch_for(secrets));
    }
    /// Arguments, variables and files in which a watched secret was seen by others than root.
    pub fn leaks(&self) -> Vec<String> {
        self.with(|state| state.leaks.found())
    }
    /// Comes back once the agent has died. What it was doing is to be dropped then, as a process is: it would only hear that
    /// the machine stopped.
    pub async fn agent_death(&self) {
        while !self.has_agent_died() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
    /// Whether the agent has died: whatever it says now, nobody hears.
    pub fn has_agent_died(&self) -> bool {
        self.with(|state| state.faults.has_stopped())
    }
    /// Counting begins anew; an agent that died may start again. The machine itself went on meanwhile.
    pub fn restart_agent(&self) {
        self.with(|state| state.faults.clear());
    }

    /// The power goes: what is only in memory is gone.
    pub fn power_off(&self) {
        self.with(|state| {
            state.on = false;
            state.lose_memory();
        });
        self.world.coordinators().set_running(&self.name, false);
        self.world.lock().settle();
    }

    /// The power comes back: it boots, and what is enabled starts.
    pub fn power_on(&self) {
        let coordinator = self.with(|state| {
            if !state.on {
                state.on = true;
                state.start_kernel();
                state.start_enabled();
            }
            state.is_active("ha-coordinator")
        });
        self.world.coordinators().set_running(&self.name, coordinator);
        self.world.lock().settle();
    }

    /// Whether it has power.
    pub fn is_on(&self) -> bool {
        self.with(|state| state.on)
    }

    /// Pulls its network cable, or plugs it in again.
    pub fn set_cable(&self, plugged: Cable) {
        self.with(|state| state.cut = plugged == Cable::Pulled);
        self.world.lock().settle();
    }

    /// Changes what the machine is: sizes, distribution.
    pub fn set_facts(&self, change: impl FnOnce(&mut Facts)) {
        self.with(|state| change(&mut state.facts));
    }
    /// Changes how busy it is.
    pub fn set_load(&self, change: impl FnOnce(&mut Load)) {
        self.with(|state| change(&mut state.load));
    }
    /// Milliseconds that its clock is ahead of the site's.
    pub fn set_clock_ahead(&self, ms: i64) {
        self.with(|state| state.clock_ahead_ms = ms);
    }
    /// Bytes that are free on its disk.
    pub fn set_free_space(&self, bytes: u64) {
        self.with(|state| state.free_bytes = bytes);
    }

    /// A person edits a file.
    pub fn edit(&self, path: &str, text: &str) {
        self.with(|state| state.files.write(path, text));
    }
    /// A person deletes a file or folder.
    pub fn delete(&self, path: &str) {
        self.with(|state| state.files.remove(Path::new(path)));
    }
    /// Text of a file.
    pub fn text(&self, path: &str) -> Option<String> {
        self.with(|state| state.files.text(path))
    }
    /// A process dies and is not started again by systemd.
    pub fn kill_unit(&self, name: &str) {
        self.with(|state| state.kill_unit(&super::unit_files::full_name(name)));
        self.world.lock().settle();
    }
    /// A process hangs: it is there and says nothing. A unit, or `etcd` or `kube-apiserver` of a control plane.
    pub fn hang(&self, name: &str) {
        self.with(|state| state.hang(name));
    }
    /// It goes on.
    pub fn resume(&self, name: &str) {
        self.with(|state| state.hung.remove(&super::unit_files::full_name(name)));
    }
    /// Each time `kubeadm init` or `kubeadm join` was run here, whatever came of it.
    pub fn kubeadm_runs(&self) -> Vec<&'static str> {
        self.with(|state| state.kubeadm_runs.clone())
    }
    /// Whether a unit is active.
    pub fn is_active(&self, unit: &str) -> bool {
        self.with(|state| state.is_active(unit))
    }
}

/// A network cable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cable {
    /// In its socket.
    Plugged,
    /// Out of it.
    Pulled,
}
