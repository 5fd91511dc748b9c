//! The trait on a simulated machine: each call is counted, may be hit by a fault, and has its effect in one instant.
//!
//! Knows nothing of what the effects mean.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use ha_domain::id::{Digest, Time};
use ha_domain::report::{Facts, Load};

use super::distribution;
use super::files::{Content, Node};
use super::machine::SimulatedMachine;
use super::programs;
use super::state::State;
use super::world::Site;
use crate::host::{
    Command, Download, Host, HostError, HttpRequest, HttpResponse, InterfaceAddress, NewFile, Output, Reachability,
    Stat, Unit, UnitVerb, Unpack,
};

/// The coordinator runs outside of the simulation.
const COORDINATOR: &str = "ha-coordinator.service";

/// Calls after which the site may look different. What HTTP changes settles by itself.
const CHANGING: &[&str] = &["run", "control", "reload_units", "install_packages", "remove", "rename"];

impl SimulatedMachine {
    /// One call on the whole site.
    async fn in_site<T>(
        &self,
        what: &'static str,
        act: impl FnOnce(&mut Site, &str) -> Result<T, HostError> + Send,
    ) -> Result<T, HostError> {
        // Others may have their turn, as with real calls.
        tokio::task::yield_now().await;
        let mut site = self.world.lock();
        site.state(&self.name)?.faults.enter(what)?;
        let outcome = act(&mut site, &self.name);
        if CHANGING.contains(&what) {
            site.settle();
        }
        site.state(&self.name)?.faults.leave()?;
        outcome
    }

    /// One call on this machine alone.
    async fn call<T>(
        &self,
        what: &'static str,
        act: impl FnOnce(&mut State) -> Result<T, HostError> + Send,
    ) -> Result<T, HostError> {
        self.in_site(what, |site, name| act(site.state(name)?)).await
    }

    /// What was done may have started or stopped the coordinator.
    fn tell_coordinators(&self, before: bool) {
        let after = self.is_active(COORDINATOR);
        if before != after {
            self.world.coordinators().set_running(&self.name, after);
        }
    }
}

impl Site {
    /// A machine that has power.
    pub(super) fn state(&mut self, name: &str) -> Result<&mut State, HostError> {
        self.machines.get_mut(name).filter(|state| state.on).ok_or(HostError::Stopped)
    }
}

#[async_trait]
impl Host for SimulatedMachine {
    async fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError> {
        self.call("read", |s| Ok(s.files.get(path).map(|c| c.bytes.clone()))).await
    }
    async fn read_part(&self, path: &Path, offset: u64, most: usize) -> Result<Vec<u8>, HostError> {
        self.call("read_part", |s| s.files.part(path, offset, most)).await
    }
    async fn write(&self, file: NewFile<'_>) -> Result<(), HostError> {
        self.call("write", |s| {
            s.leaks.look_at_file(file.path, file.content, file.mode);
            s.files.put(file.path, Node::File(Content::new(file.content, file.mode)))
        })
        .await
    }
    async fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), HostError> {
        self.call("append", |s| {
            s.leaks.look_at_file(path, bytes, 0o600);
            s.files.append(path, bytes)
        })
        .await
    }
    async fn link(&self, target: &Path, path: &Path) -> Result<(), HostError> {
        self.call("link", |s| s.files.put(path, Node::Link(target.to_owned()))).await
    }
    async fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError> {
        self.call("rename", |s| s.files.rename(from, to)).await
    }
    async fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError> {
        self.call("copy", |s| s.files.copy(from, to, mode)).await
    }
    async fn remove(&self, path: &Path) -> Result<(), HostError> {
        self.call("remove", |s| {
            s.files.remove(path);
            Ok(())
        })
        .await
    }
    async fn make_dir(&self, path: &Path, mode: u32) -> Result<(), HostError> {
        self.call("make_dir", |s| s.files.make_dir(path, mode)).await
    }
    async fn stat(&self, path: &Path) -> Result<Option<Stat>, HostError> {
        self.call("stat", |s| Ok(s.files.stat(path))).await
    }
    async fn list(&self, dir: &Path) -> Result<Vec<String>, HostError> {
        self.call("list", |s| Ok(s.files.list(dir))).await
    }
    async fn digest(&self, path: &Path) -> Result<Option<Digest>, HostError> {
        self.call("digest", |s| Ok(s.files.digest(path))).await
    }
    async fn free_space(&self, _: &Path) -> Result<u64, HostError> {
        self.call("free_space", |s| Ok(s.free_bytes)).await
    }

    async fn kill(&self, pid: u32) -> Result<(), HostError> {
        self.call("kill", |s| {
            if pid <= 1 {
                let reason = "this is no process that may be ended".to_owned();
                return Err(HostError::Program { program: format!("process {pid}"), reason });
            }
            s.kill(pid);
            Ok(())
        })
        .await
    }
    async fn run(&self, command: Command<'_>) -> Result<Output, HostError> {
        if command.program.ends_with("ha-coordinator") {
            return self.run_coordinator(&command).await;
        }
        self.in_site("run", |site, name| {
            site.state(name)?.leaks.look_at_command(&command);
            programs::run(site, name, &command)
        })
        .await
    }
    async fn unit(&self, name: &str) -> Result<Unit, HostError> {
        self.call("unit", |s| Ok(s.unit(name))).await
    }
    async fn control(&self, name: &str, verb: UnitVerb) -> Result<(), HostError> {
        let before = self.is_active(COORDINATOR);
        let outcome = self.call("control", |s| s.control(name, verb)).await;
        self.tell_coordinators(before);
        outcome
    }
    async fn reload_units(&self) -> Result<(), HostError> {
        self.call("reload_units", |s| {
            s.reload_units();
            Ok(())
        })
        .await
    }

    async fn missing_packages(&self, packages: &[&str]) -> Result<Vec<String>, HostError> {
        let missing =
            |s: &State| packages.iter().filter(|p| !s.packages.contains(**p)).map(|p| (*p).to_owned()).collect();
        self.call("missing_packages", |s| Ok(missing(s))).await
    }
    async fn install_packages(&self, packages: &[&str]) -> Result<(), HostError> {
        self.call("install_packages", |s| match packages.iter().find(|p| !distribution::knows(p)) {
            Some(unknown) => Err(HostError::Packages {
                packages: packages.join(" "),
                reason: format!("the mirror does not have it (Unable to locate package {unknown})"),
            }),
            None => {
                packages.iter().for_each(|p| distribution::install(s, p));
                Ok(())
            }
        })
        .await
    }

    async fn download(&self, what: Download<'_>) -> Result<(), HostError> {
        self.call("download", |s| {
            let mut content = Content::new(format!("what {} holds", what.url).as_bytes(), what.mode);
            content.download = Some((what.url.to_owned(), what.sha256.clone()));
            s.files.put(what.to, Node::File(content))
        })
        .await
    }
    async fn unpack(&self, what: Unpack<'_>) -> Result<(), HostError> {
        self.call("unpack", |s| {
            let archive = s.files.get(what.archive).and_then(|c| c.download.clone());
            let (url, _) = archive.ok_or_else(|| HostError::File {
                doing: "unpack",
                path: what.archive.to_owned(),
                reason: "it is not there, or was not downloaded".to_owned(),
            })?;
            let members = if what.members.is_empty() { programs::members_of(&url) } else { what.members };
            members.iter().try_for_each(|name| {
                s.files.put(&what.into.join(name), Node::File(Content::new(url.as_bytes(), 0o755)))
            })
        })
        .await
    }
    async fn http(&self, request: HttpRequest<'_>) -> Result<HttpResponse, HostError> {
        let coordinators = self.world.coordinators();
        let now = self.now();
        self.in_site("http", |site, name| {
            let answer = site.answer(name, &request, now, &*coordinators);
            answer.map_err(|reason| HostError::Http { url: request.url.to_owned(), reason })
        })
        .await
    }
    async fn connect(&self, to: SocketAddr, _: Duration) -> Result<Reachability, HostError> {
        self.in_site("connect", |site, name| Ok(site.reachability(name, to))).await
    }
    async fn greet(&self, socket: &Path, _: Duration) -> Result<Reachability, HostError> {
        self.call("greet", |s| {
            let listens = socket == Path::new("/run/containerd/containerd.sock") && s.is_active("containerd");
            Ok(match listens {
                true if s.hangs("containerd.service") => Reachability::Silent,
                true => Reachability::Open,
                false => Reachability::Refused,
            })
        })
        .await
    }

    async fn facts(&self) -> Result<Facts, HostError> {
        self.in_site("facts", |site, name| {
            let addresses = site.addresses_of(name).into_iter().map(|a| a.address).collect();
            Ok(Facts { addresses, ..site.state(name)?.facts.clone() })
        })
        .await
    }
    async fn load(&self) -> Result<Load, HostError> {
        self.call("load", |s| Ok(s.load)).await
    }
    async fn addresses(&self) -> Result<Vec<InterfaceAddress>, HostError> {
        self.in_site("addresses", |site, name| Ok(site.addresses_of(name))).await
    }
    async fn fsync_latency(&self, _: &Path) -> Result<Duration, HostError> {
        self.call("fsync_latency", |_| Ok(Duration::from_millis(2))).await
    }
    fn now(&self) -> Time {
        let ahead = self.with(|state| state.clock_ahead_ms);
        Time(self.world.now().0.saturating_add_signed(ahead))
    }
}

impl SimulatedMachine {
    /// `ha-coordinator join --address ADDRESS`, the join string on standard input.
    async fn run_coordinator(&self, command: &Command<'_>) -> Result<Output, HostError> {
        self.call("run", |s| programs::installed(s, "ha-coordinator").map(drop)).await?;
        let ["join", "--address", address] = command.args[..] else {
            return Ok(programs::failed(2, "unknown arguments"));
        };
        let string = command.stdin.as_ref().map(|s| String::from_utf8_lossy(s.expose()).into_owned());
        let joined = self.world.coordinators().join(&self.name, address, &string.unwrap_or_default()).await;
        match joined {
            Err(why) => Ok(programs::failed(1, &why)),
            Ok(()) => {
                self.with(|s| {
                    s.files.write("/etc/ha-mesh/coordinator.pem", "certificate");
                    s.files.write("/etc/ha-mesh/coordinator.key", "key");
                });
                Ok(Output::default())
            }
        }
    }
}
