//! Units of a simulated machine: what is known from unit files, what runs, and what a start needs.
//!
//! Knows nothing of the network.

use super::programs;
use super::state::State;
use super::unit_files::{UnitFile, full_name};
use crate::host::{HostError, Unit, UnitVerb};

/// A unit that was started at least once since the boot.
#[derive(Debug, Clone)]
pub(super) struct Running {
    pub(super) active: &'static str,
    pub(super) sub: &'static str,
    pub(super) pid: u32,
    /// The configuration that its process has read.
    pub(super) loaded: String,
}

impl Running {
    fn down(active: &'static str, sub: &'static str) -> Self {
        Self { active, sub, pid: 0, loaded: String::new() }
    }
}

impl State {
    pub(super) fn unit(&self, name: &str) -> Unit {
        let name = full_name(name);
        let running = self.units.get(&name);
        if self.unit_file(&name).is_none() {
            return Unit { active: "absent".to_owned(), sub: "dead".to_owned(), ..Unit::default() };
        }
        Unit {
            active: running.map_or("inactive", |r| r.active).to_owned(),
            sub: running.map_or("dead", |r| r.sub).to_owned(),
            enabled: self.enabled.contains(&name),
            pid: running.map_or(0, |r| r.pid),
        }
    }

    pub(super) fn is_active(&self, name: &str) -> bool {
        self.on && self.units.get(&full_name(name)).is_some_and(|u| u.active == "active")
    }

    /// The configuration that a running unit has read.
    pub(super) fn loaded(&self, name: &str) -> Option<&str> {
        self.units.get(&full_name(name)).filter(|u| self.on && u.active == "active").map(|u| u.loaded.as_str())
    }

    fn unit_file(&self, name: &str) -> Option<UnitFile> {
        let folders = ["/etc/systemd/system", "/lib/systemd/system"];
        folders.iter().find_map(|f| self.files.text(&format!("{f}/{name}"))).map(|text| UnitFile::parse(&text))
    }

    pub(super) fn control(&mut self, name: &str, verb: UnitVerb) -> Result<(), HostError> {
        let name = full_name(name);
        let Some(file) = self.unit_file(&name) else {
            self.units.remove(&name);
            self.enabled.remove(&name);
            return match verb {
                UnitVerb::Stop | UnitVerb::Disable => Ok(()),
                UnitVerb::Start
                | UnitVerb::Restart
                | UnitVerb::Reload
                | UnitVerb::Enable
                | UnitVerb::Kill
                | UnitVerb::KillAll => Err(refusal(&name, verb, "there is no such unit")),
            };
        };
        match verb {
            UnitVerb::Enable => drop(self.enabled.insert(name)),
            UnitVerb::Disable => drop(self.enabled.remove(&name)),
            UnitVerb::Stop => self.stop(&name, &file),
            UnitVerb::Start if self.is_active(&name) => {}
            UnitVerb::Start => return self.start(&name, &file),
            UnitVerb::Restart => {
                self.stop(&name, &file);
                return self.start(&name, &file);
            }
            UnitVerb::Reload => return self.reload(&name, &file),
            UnitVerb::Kill | UnitVerb::KillAll => self.kill_unit(&name),
        }
        Ok(())
    }

    fn start(&mut self, name: &str, file: &UnitFile) -> Result<(), HostError> {
        if file.condition.as_ref().is_some_and(|path| !self.files.has(path)) {
            self.units.insert(name.to_owned(), Running::down("inactive", "dead"));
            return Ok(());
        }
        if let Err(why) = self.begin(file) {
            self.units.insert(name.to_owned(), Running::down("failed", "failed"));
            return Err(refusal(name, UnitVerb::Start, &format!("it failed; its last words: {why}")));
        }
        let running = if file.oneshot {
            if file.remains { Running::down("active", "exited") } else { Running::down("inactive", "dead") }
        } else {
            Running { active: "active", sub: "running", pid: self.pid(), loaded: self.configuration(file) }
        };
        self.units.insert(name.to_owned(), running);
        Ok(())
    }

    fn begin(&mut self, file: &UnitFile) -> Result<(), String> {
        let program = file.start.first().cloned().unwrap_or_default();
        if !self.files.has(&program) {
            return Err(format!("{program}: no such file or directory"));
        }
        if file.oneshot {
            return programs::of_unit(self, &file.start);
        }
        programs::can_start(self, &program)
    }

    /// The main process is ended; systemd does not start it again by itself here.
    pub(super) fn kill_unit(&mut self, name: &str) {
        self.hung.remove(name);
        if let Some(unit) = self.units.get_mut(name).filter(|unit| unit.pid != 0) {
            (unit.active, unit.sub, unit.pid) = ("failed", "failed", 0);
        }
    }

    fn stop(&mut self, name: &str, file: &UnitFile) {
        // SIGCONT comes with systemd's SIGTERM.
        self.hung.remove(name);
        if self.is_active(name) && !file.stop.is_empty() {
            // A unit is stopped whatever its command says.
            let _ = programs::of_unit(self, &file.stop);
        }
        self.units.insert(name.to_owned(), Running::down("inactive", "dead"));
    }

    fn reload(&mut self, name: &str, file: &UnitFile) -> Result<(), HostError> {
        if !self.is_active(name) {
            return Err(refusal(name, UnitVerb::Reload, "it is not active"));
        }
        let outcome = if file.reload.is_empty() {
            programs::can_start(self, file.start.first().map_or("", String::as_str))
        } else {
            programs::of_unit(self, &file.reload)
        };
        outcome.map_err(|why| refusal(name, UnitVerb::Reload, &why))?;
        let loaded = self.configuration(file);
        if let Some(running) = self.units.get_mut(name) {
            running.loaded = loaded;
        }
        Ok(())
    }

    fn configuration(&self, file: &UnitFile) -> String {
        let program = file.start.first().map_or("", String::as_str);
        programs::configuration_of(program).and_then(|path| self.files.text(path)).unwrap_or_default()
    }

    /// What is enabled starts; what fails to is failed.
    pub(super) fn start_enabled(&mut self) {
        for name in self.enabled.clone() {
            let _ = self.control(&name, UnitVerb::Start);
        }
    }

    /// systemd reads its unit files again: what has none any more and does not run is forgotten.
    pub(super) fn reload_units(&mut self) {
        let gone: Vec<_> = self.units.keys().filter(|name| self.unit_file(name).is_none()).cloned().collect();
        gone.iter().for_each(|name| drop(self.units.remove(name)));
    }
}

fn refusal(unit: &str, verb: UnitVerb, reason: &str) -> HostError {
    let verb = match verb {
        UnitVerb::Start | UnitVerb::Restart => "start",
        UnitVerb::Stop => "stop",
        UnitVerb::Reload => "reload",
        UnitVerb::Enable => "enable",
        UnitVerb::Disable => "disable",
        UnitVerb::Kill | UnitVerb::KillAll => "kill",
    };
    HostError::Unit { unit: unit.to_owned(), verb, reason: reason.to_owned() }
}
