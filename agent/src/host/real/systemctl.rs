//! systemd without its bus: the `systemctl` program, which reaches systemd on its private socket.
//!
//! Only used when the bus is down; forty times slower.

use std::time::Duration;

use super::systemd::{absent, starts_at_boot};
use super::{Command, HostError, Output, Unit, UnitVerb, programs};

const SHOWN: &str = "--property=LoadState,ActiveState,SubState,UnitFileState,MainPID";

pub(super) async fn unit(name: &str) -> Result<Unit, HostError> {
    let shown = programs::run(Command::new("systemctl", &["show", SHOWN, "--", name])).await?;
    refused(&shown, name, "look at")?;
    Ok(read(&shown.text()))
}

fn read(shown: &str) -> Unit {
    let value = |key: &str| {
        let lines = shown.lines().filter_map(|line| line.split_once('='));
        lines.filter(|(k, _)| *k == key).map(|(_, v)| v.to_owned()).next().unwrap_or_default()
    };
    if value("LoadState") == "not-found" {
        return absent();
    }
    Unit {
        active: value("ActiveState"),
        sub: value("SubState"),
        enabled: starts_at_boot(&value("UnitFileState")),
        pid: value("MainPID").parse().unwrap_or(0),
    }
}

pub(super) async fn control(name: &str, verb: UnitVerb) -> Result<(), HostError> {
    if matches!(verb, UnitVerb::Start | UnitVerb::Restart) {
        programs::run(Command::new("systemctl", &["reset-failed", "--", name])).await?;
    }
    if matches!(verb, UnitVerb::Stop | UnitVerb::Disable) && unit(name).await?.active == "absent" {
        return Ok(());
    }
    match verb {
        UnitVerb::Kill => return kill(name, "--kill-whom=main").await,
        UnitVerb::KillAll => return kill(name, "--kill-whom=all").await,
        UnitVerb::Start
        | UnitVerb::Stop
        | UnitVerb::Restart
        | UnitVerb::Reload
        | UnitVerb::Enable
        | UnitVerb::Disable => {}
    }
    let args = [word(verb), "--no-ask-password", "--", name];
    let done = programs::run(Command::new("systemctl", &args).timeout(Duration::from_secs(300))).await?;
    refused(&done, name, word(verb))
}

/// It says no where there is no such process: then nothing has to be ended.
async fn kill(name: &str, whom: &str) -> Result<(), HostError> {
    programs::run(Command::new("systemctl", &["kill", whom, "--signal=KILL", "--", name])).await.map(drop)
}

pub(super) async fn reload() -> Result<(), HostError> {
    let done = programs::run(Command::new("systemctl", &["daemon-reload"])).await?;
    refused(&done, "systemd", "reload")
}

fn refused(output: &Output, name: &str, verb: &'static str) -> Result<(), HostError> {
    if output.ok() {
        return Ok(());
    }
    // What follows the first line says where to read on.
    let reason = output.stderr.trim().lines().next().unwrap_or("systemctl gave no reason").to_owned();
    Err(HostError::Unit { unit: name.to_owned(), verb, reason })
}

/// systemd's word for a verb.
pub(super) fn word(verb: UnitVerb) -> &'static str {
    match verb {
        UnitVerb::Start => "start",
        UnitVerb::Stop => "stop",
        UnitVerb::Restart => "restart",
        UnitVerb::Reload => "reload",
        UnitVerb::Enable => "enable",
        UnitVerb::Disable => "disable",
        UnitVerb::Kill | UnitVerb::KillAll => "kill",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shown_unit_is_read() {
        let unit = read("MainPID=812\nLoadState=loaded\nActiveState=active\nSubState=running\nUnitFileState=enabled\n");
        assert_eq!(unit, Unit { active: "active".into(), sub: "running".into(), enabled: true, pid: 812 });
    }

    #[test]
    fn a_unit_that_is_not_there_is_absent() {
        assert_eq!(read("LoadState=not-found\nActiveState=inactive\nSubState=dead\nMainPID=0\n").active, "absent");
    }
}
