//! One coordinator: its folders, its address, and the program while it runs.
//!
//! Knows nothing of the others.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ha_coordinator::app::Coordinator;
use ha_coordinator::config::{BASE_PORT, Config};
use ha_coordinator::founding::{self, Founded};
use ha_coordinator::mesh::{Mesh, SharedMesh};
use ha_coordinator::store::{Role, Timing};
use ha_domain::state::Package;
use ha_transport::JoinString;

use crate::process::{Asked, Process, thread_name};

/// Before it is started again, as its unit says.
const RESTART: Duration = Duration::from_millis(500);

/// A place for a coordinator; it may run or not.
pub struct CoordinatorSeat {
    /// Name of the machine it is on.
    pub name: String,
    /// Where it listens.
    pub address: IpAddr,
    thread: String,
    config: Config,
    process: Mutex<Option<Process>>,
    mesh: Running,
}

/// What the program shares while it runs.
#[derive(Clone, Default)]
struct Running(Arc<Mutex<Option<SharedMesh>>>);

impl Running {
    fn set(&self, mesh: Option<SharedMesh>) {
        // Outside of the lock: a mesh that is dropped closes its files.
        let before = std::mem::replace(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner), mesh);
        drop(before);
    }
    fn get(&self) -> Option<SharedMesh> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// However the program ends, its mesh is gone.
struct Forget(Running);

impl Drop for Forget {
    fn drop(&mut self) {
        self.0.set(None);
    }
}

impl CoordinatorSeat {
    /// With folders below `dir`.
    pub fn new(dir: &Path, (name, address): (&str, IpAddr), timing: Timing) -> Self {
        let home = dir.join("coordinators").join(name);
        let config = Config {
            keys: home.join("keys"),
            state: home.join("state"),
            share: home.join("share"),
            listen: address,
            telemetry: Some(SocketAddr::new(address, BASE_PORT + 9)),
            timing,
        };
        let (thread, mesh) = (thread_name("coordinator", name, dir), Running::default());
        Self { name: name.to_owned(), address, thread, config, process: Mutex::default(), mesh }
    }

    /// `ha-coordinator init`, with a package for further replicas.
    ///
    /// # Errors
    /// What the program would say.
    pub async fn found(&self, package: &[u8]) -> anyhow::Result<Founded> {
        let digest = ha_domain::id::Digest::of(package);
        std::fs::create_dir_all(&self.config.share)?;
        std::fs::write(self.config.share.join(digest.as_str()), package)?;
        let package = Package { digest, version: env!("CARGO_PKG_VERSION").to_owned() };
        founding::init(&self.config, &self.address.to_string(), Some(package)).await
    }

    /// `ha-coordinator join`.
    ///
    /// # Errors
    /// What the program would say.
    pub async fn join(&self, invitation: &JoinString, address: &str) -> anyhow::Result<()> {
        founding::join(&self.config, invitation, address).await
    }

    /// Where its certificate lies.
    pub fn keys(&self) -> &Path {
        &self.config.keys
    }

    fn process<R>(&self, change: impl FnOnce(&mut Option<Process>) -> R) -> R {
        change(&mut self.process.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Starts the program, after an earlier run of it has ended.
    ///
    /// # Errors
    /// When the system has no thread left.
    pub fn start(&self) -> std::io::Result<()> {
        let (config, mesh) = (self.config.clone(), self.mesh.clone());
        self.process(|process| {
            *process = Some(Process::start(&self.thread, process.take(), |asked| keep(config, mesh, asked))?);
            Ok(())
        })
    }

    /// Ends it wherever it is. It may take a moment to be gone.
    pub fn kill(&self) {
        self.process(|process| {
            if let Some(process) = process {
                process.kill();
            }
        });
    }

    /// Comes back when it has ended, if it was killed.
    pub fn wait(&self) {
        if let Some(process) = self.process(Option::take) {
            process.wait();
        }
    }

    /// Hands over and ends; comes back when it has.
    pub fn stop(&self) {
        if let Some(process) = self.process(Option::take) {
            process.ask_to_end();
            process.wait();
        }
    }

    /// Reads from the running program; `None` while there is none.
    pub fn look<R>(&self, look: impl FnOnce(&Mesh) -> R) -> Option<R> {
        self.mesh.get().map(|mesh| look(&mesh))
    }

    /// The handle that the program's tasks share. Whoever keeps it keeps the program's files open.
    pub fn mesh(&self) -> Option<SharedMesh> {
        self.mesh.get()
    }

    /// Whether it leads.
    pub fn leads(&self) -> bool {
        self.look(Mesh::leads).unwrap_or(false)
    }

    /// How many replicas vote, as this one knows; none while that is changing.
    pub fn voters(&self) -> usize {
        let voters = |mesh: &Mesh| mesh.store.members().iter().filter(|m| m.role == Role::Voter).count();
        self.look(|mesh| if mesh.store.is_changing_voters() { 0 } else { voters(mesh) }).unwrap_or(0)
    }

    /// As its `/healthz` says: it knows a leader, and votes.
    pub fn is_healthy(&self) -> bool {
        let healthy = |mesh: &Mesh| {
            let votes = mesh.store.members().iter().any(|m| m.id == mesh.store.id() && m.role == Role::Voter);
            votes && mesh.store.leadership().borrow().leader.is_some()
        };
        self.look(healthy).unwrap_or(false)
    }
}

/// Ends all of them. The leader is killed once it is alone: there is nobody to hand over to.
pub fn end_all<'a>(seats: impl Iterator<Item = &'a CoordinatorSeat>) {
    let (leaders, followers): (Vec<_>, Vec<_>) = seats.partition(|seat| seat.leads());
    followers.into_iter().for_each(CoordinatorSeat::stop);
    for leader in leaders {
        leader.kill();
        leader.wait();
    }
}

/// The program, started again when it fails, as systemd does.
async fn keep(config: Config, running: Running, mut asked: Asked) -> anyhow::Result<()> {
    loop {
        let _forget = Forget(running.clone());
        let error = match Coordinator::start(&config).await {
            Ok(mut program) => {
                running.set(Some(Arc::clone(&program.mesh)));
                tokio::select! {
                    error = program.run() => error,
                    _ = &mut asked => {
                        running.set(None);
                        program.stop().await;
                        return Ok(());
                    }
                }
            }
            Err(error) => error,
        };
        tracing::warn!(error = format!("{error:#}"), "the coordinator ended; it is started again");
        tokio::time::sleep(RESTART).await;
    }
}
