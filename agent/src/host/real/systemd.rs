//! systemd over its bus: the few methods and properties that the agent needs.
//!
//! Knows nothing of which units matter.

use std::time::Duration;

use futures_util::StreamExt;
use zbus::proxy::CacheProperties;
use zbus::{Connection, ObjectPath, OwnedObjectPath, connection};

use super::{Unit, UnitVerb};

/// How long systemd may take to answer (not: to start something).
const ANSWER: Duration = Duration::from_secs(30);
/// How long a unit may take to start or stop. A database that repairs itself takes minutes.
const JOB: Duration = Duration::from_secs(300);

/// Cannot be caught, and reaches a process that is stopped.
const SIGKILL: i32 = 9;

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    fn subscribe(&self) -> zbus::Result<()>;
    fn load_unit(&self, name: &str) -> zbus::Result<OwnedObjectPath>;
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn stop_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn restart_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn reload_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
    fn kill_unit(&self, name: &str, whom: &str, signal: i32) -> zbus::Result<()>;
    fn reset_failed_unit(&self, name: &str) -> zbus::Result<()>;
    fn enable_unit_files(&self, names: &[&str], runtime: bool, force: bool) -> zbus::Result<(bool, Changes)>;
    fn disable_unit_files(&self, names: &[&str], runtime: bool) -> zbus::Result<Changes>;
    fn reload(&self) -> zbus::Result<()>;

    #[zbus(signal)]
    fn job_removed(&self, id: u32, job: ObjectPath<'_>, unit: &str, result: &str) -> zbus::Result<()>;
}

/// Kind, link, target.
type Changes = Vec<(String, String, String)>;

/// Why systemd did not do it.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The bus or systemd cannot be reached: ask another way.
    Unreachable(String),
    /// There is no such unit.
    NoSuchUnit,
    /// It answered: no.
    Said(String),
}

impl From<zbus::Error> for Refusal {
    fn from(e: zbus::Error) -> Self {
        match e {
            zbus::Error::MethodError(name, ..) if name.as_str().ends_with(".NoSuchUnit") => Self::NoSuchUnit,
            zbus::Error::MethodError(name, text, _) => Self::Said(text.unwrap_or_else(|| name.to_string())),
            zbus::Error::FDO(e) => match *e {
                zbus::fdo::Error::Failed(text) | zbus::fdo::Error::FileNotFound(text) => Self::Said(text),
                other => Self::Unreachable(other.to_string()),
            },
            other => Self::Unreachable(other.to_string()),
        }
    }
}

/// A connection to systemd.
#[derive(Debug, Clone)]
pub(super) struct Systemd {
    connection: Connection,
    manager: ManagerProxy<'static>,
}

impl Systemd {
    pub(super) async fn connect() -> Result<Self, Refusal> {
        let connection = connection::Builder::system().method_timeout(ANSWER).build().await?;
        let manager = ManagerProxy::builder(&connection).cache_properties(CacheProperties::No).build().await?;
        manager.subscribe().await?;
        Ok(Self { connection, manager })
    }

    pub(super) async fn unit(&self, name: &str) -> Result<Unit, Refusal> {
        let path = self.manager.load_unit(name).await?;
        let unit = self.properties(&path, "org.freedesktop.systemd1.Unit").await?;
        let text = |property: &'static str| unit.get_property::<String>(property);
        let (loaded, active, sub, file) =
            tokio::try_join!(text("LoadState"), text("ActiveState"), text("SubState"), text("UnitFileState"))?;
        if loaded == "not-found" {
            return Ok(absent());
        }
        let pid = if name.ends_with(".service") {
            let service = self.properties(&path, "org.freedesktop.systemd1.Service").await?;
            service.get_property::<u32>("MainPID").await?
        } else {
            0
        };
        Ok(Unit { active, sub, enabled: starts_at_boot(&file), pid })
    }

    async fn properties<'p>(&self, path: &'p OwnedObjectPath, interface: &'p str) -> Result<zbus::Proxy<'p>, Refusal> {
        let builder = zbus::proxy::Builder::<zbus::Proxy<'p>>::new(&self.connection);
        let builder = builder.destination("org.freedesktop.systemd1").path(path.as_ref()).interface(interface);
        Ok(builder.cache_properties(CacheProperties::No).build().await?)
    }

    pub(super) async fn control(&self, name: &str, verb: UnitVerb) -> Result<(), Refusal> {
        match verb {
            UnitVerb::Enable => {
                self.manager.enable_unit_files(&[name], false, true).await?;
                self.reload().await
            }
            UnitVerb::Disable => {
                self.manager.disable_unit_files(&[name], false).await?;
                self.reload().await
            }
            UnitVerb::Start | UnitVerb::Restart => {
                // Earlier failures must not count against this start.
                let _ = self.manager.reset_failed_unit(name).await;
                self.job(name, verb).await
            }
            UnitVerb::Stop | UnitVerb::Reload => self.job(name, verb).await,
            UnitVerb::Kill => self.kill(name, "main").await,
            UnitVerb::KillAll => self.kill(name, "all").await,
        }
    }

    /// systemd says no where there is no such process: then nothing has to be ended.
    async fn kill(&self, name: &str, whom: &str) -> Result<(), Refusal> {
        match self.manager.kill_unit(name, whom, SIGKILL).await.map_err(Refusal::from) {
            Err(Refusal::Said(_)) => Ok(()),
            other => other,
        }
    }

    pub(super) async fn reload(&self) -> Result<(), Refusal> {
        Ok(self.manager.reload().await?)
    }

    /// Queues a job and waits for its result.
    async fn job(&self, name: &str, verb: UnitVerb) -> Result<(), Refusal> {
        // Listening begins before asking, so that a quick result is not missed.
        let mut removed = self.manager.receive_job_removed().await?;
        let job = match verb {
            UnitVerb::Start => self.manager.start_unit(name, "replace").await?,
            UnitVerb::Restart => self.manager.restart_unit(name, "replace").await?,
            UnitVerb::Reload => self.manager.reload_unit(name, "replace").await?,
            UnitVerb::Stop | UnitVerb::Enable | UnitVerb::Disable | UnitVerb::Kill | UnitVerb::KillAll => {
                self.manager.stop_unit(name, "replace").await?
            }
        };
        let result = async {
            while let Some(signal) = removed.next().await {
                let args = signal.args()?;
                if args.job() == &job.as_ref() {
                    return Ok((*args.result()).to_owned());
                }
            }
            Err(Refusal::Unreachable("the bus closed the connection".to_owned()))
        };
        match tokio::time::timeout(JOB, result).await.map_err(|_| still_at_it())?? {
            done if done == "done" || done == "skipped" => Ok(()),
            other => Err(Refusal::Said(meaning(&other))),
        }
    }
}

fn still_at_it() -> Refusal {
    Refusal::Said(format!("it is still at it after {} s", JOB.as_secs()))
}

/// systemd's job results for a person.
fn meaning(result: &str) -> String {
    match result {
        "failed" => "it failed".to_owned(),
        "timeout" => "it took longer than its own time limit".to_owned(),
        "dependency" => "a unit that it needs failed".to_owned(),
        "canceled" => "another request replaced this one".to_owned(),
        other => format!("systemd says {other:?}"),
    }
}

pub(super) fn absent() -> Unit {
    Unit { active: "absent".to_owned(), sub: "dead".to_owned(), enabled: false, pid: 0 }
}

pub(super) fn starts_at_boot(state: &str) -> bool {
    matches!(state, "enabled" | "enabled-runtime" | "alias" | "generated")
}
