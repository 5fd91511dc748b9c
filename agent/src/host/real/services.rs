//! Units: over the bus while it works, by `systemctl` otherwise.
//!
//! Knows nothing of which units matter.

use tokio::sync::Mutex;

use super::systemd::{Refusal, Systemd, absent};
use super::{Command, HostError, Unit, UnitVerb, programs, systemctl};

/// The connection, made when it is first needed and again after it broke.
#[derive(Debug, Default)]
pub(super) struct Services(Mutex<Option<Systemd>>);

impl Services {
    pub(super) async fn unit(&self, name: &str) -> Result<Unit, HostError> {
        let name = &full(name);
        let Some(bus) = self.bus().await else { return systemctl::unit(name).await };
        match bus.unit(name).await {
            Ok(unit) => Ok(unit),
            Err(Refusal::NoSuchUnit) => Ok(absent()),
            Err(Refusal::Said(reason)) => Err(HostError::Unit { unit: name.clone(), verb: "look at", reason }),
            Err(Refusal::Unreachable(why)) => {
                self.lost(&why).await;
                systemctl::unit(name).await
            }
        }
    }

    pub(super) async fn control(&self, name: &str, verb: UnitVerb) -> Result<(), HostError> {
        let name = &full(name);
        match self.ask(name, verb).await {
            Err(HostError::Unit { unit, verb, reason }) => {
                let reason = with_last_words(&unit, reason).await;
                Err(HostError::Unit { unit, verb, reason })
            }
            other => other,
        }
    }

    async fn ask(&self, name: &str, verb: UnitVerb) -> Result<(), HostError> {
        let refuse = |reason| Err(HostError::Unit { unit: name.to_owned(), verb: systemctl::word(verb), reason });
        let Some(bus) = self.bus().await else { return systemctl::control(name, verb).await };
        match bus.control(name, verb).await {
            Ok(()) => Ok(()),
            // Gone is as good as stopped.
            Err(Refusal::NoSuchUnit) if matches!(verb, UnitVerb::Stop | UnitVerb::Disable) => Ok(()),
            Err(Refusal::NoSuchUnit) => refuse("there is no such unit".to_owned()),
            Err(Refusal::Said(reason)) => refuse(reason),
            Err(Refusal::Unreachable(why)) => {
                self.lost(&why).await;
                systemctl::control(name, verb).await
            }
        }
    }

    pub(super) async fn reload(&self) -> Result<(), HostError> {
        let Some(bus) = self.bus().await else { return systemctl::reload().await };
        match bus.reload().await {
            Ok(()) => Ok(()),
            Err(Refusal::NoSuchUnit) => systemctl::reload().await,
            Err(Refusal::Said(reason)) => Err(HostError::Unit { unit: "systemd".to_owned(), verb: "reload", reason }),
            Err(Refusal::Unreachable(why)) => {
                self.lost(&why).await;
                systemctl::reload().await
            }
        }
    }

    async fn bus(&self) -> Option<Systemd> {
        let mut held = self.0.lock().await;
        if held.is_none() {
            *held = match Systemd::connect().await {
                Ok(bus) => Some(bus),
                Err(why) => {
                    tracing::debug!(?why, "systemd's bus is not there; asking systemctl");
                    None
                }
            };
        }
        held.clone()
    }

    async fn lost(&self, why: &str) {
        tracing::warn!(why, "systemd's bus was lost; asking systemctl");
        *self.0.lock().await = None;
    }
}

/// systemd's names have a suffix.
fn full(name: &str) -> String {
    const SUFFIXES: &[&str] = &[".service", ".timer", ".socket", ".target", ".mount", ".path", ".slice", ".swap"];
    if SUFFIXES.iter().any(|s| name.ends_with(s)) { name.to_owned() } else { format!("{name}.service") }
}

/// A failed unit's own last lines say more than systemd's "failed".
async fn with_last_words(unit: &str, reason: String) -> String {
    let args = ["--unit", unit, "--lines=5", "--output=cat", "--no-pager", "--quiet"];
    let words = programs::run(Command::new("journalctl", &args)).await.map(|o| o.text()).unwrap_or_default();
    let words: Vec<_> = words.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    if words.is_empty() { reason } else { format!("{reason}; its last words: {}", words.join(" | ")) }
}
