//! Processes of a simulated machine as far as somebody looks for them: static pods in `/proc`, and what hangs.
//!
//! Knows nothing of what they do.

use std::path::Path;

use super::state::State;
use super::unit_files::full_name;

/// Static pods that are looked for, with an argument of theirs.
const STATIC_PODS: [(&str, &str); 2] = [("etcd", "--data-dir=/var/lib/etcd"), ("kube-apiserver", "--secure-port=6443")];

impl State {
    /// The kubelet starts the control plane.
    pub(super) fn start_control_plane(&mut self) {
        self.control_plane = true;
        STATIC_PODS.iter().for_each(|(name, argument)| self.show_process(name, argument));
    }

    /// It is taken apart.
    pub(super) fn stop_control_plane(&mut self) {
        self.control_plane = false;
        for (pid, (name, _)) in self.static_pods() {
            self.hung.remove(name);
            self.files.remove(Path::new(&format!("/proc/{pid}")));
        }
    }

    fn show_process(&mut self, name: &str, argument: &str) {
        let pid = self.pid();
        self.files.write(&format!("/proc/{pid}/comm"), &format!("{name}\n"));
        self.files.write(&format!("/proc/{pid}/cmdline"), &format!("{name}\0{argument}\0"));
    }

    fn static_pods(&self) -> Vec<(u32, (&'static str, &'static str))> {
        let pids = self.files.list(Path::new("/proc")).into_iter().filter_map(|name| name.parse::<u32>().ok());
        let pod = |pid: u32| {
            let comm = self.files.text(&format!("/proc/{pid}/comm"))?;
            STATIC_PODS.iter().find(|(name, _)| comm.trim() == *name).map(|pod| (pid, *pod))
        };
        pids.filter_map(pod).collect()
    }

    /// SIGKILL: of a static pod the kubelet starts another one, if it runs.
    pub(super) fn kill(&mut self, pid: u32) {
        let pod = self.static_pods().into_iter().find(|(of, _)| *of == pid);
        let Some((_, (name, argument))) = pod else { return };
        self.files.remove(Path::new(&format!("/proc/{pid}")));
        self.hung.remove(name);
        if self.is_active("kubelet") {
            self.show_process(name, argument);
        }
    }

    /// A process hangs; where nobody asks it, its state shows it.
    pub(super) fn hang(&mut self, name: &str) {
        let is_pod = STATIC_PODS.iter().any(|(pod, _)| *pod == name);
        let name = if is_pod { name.to_owned() } else { full_name(name) };
        if let Some(unit) = self.units.get(&name) {
            let stat = format!("/proc/{}/stat", unit.pid);
            self.files.write(&stat, "1 (simulated) T 1");
        }
        self.hung.insert(name);
    }

    pub(super) fn hangs(&self, name: &str) -> bool {
        self.hung.contains(name)
    }
}
