//! Programs of simulated machines, by name. Each does what actions count on, and refuses arguments that it does not know.
//!
//! Nothing here runs anything.

mod containers;
mod databases;
mod etcd_tools;
mod judges;
mod kubeadm;
mod packages;
mod small;

pub(super) use containers::members_of;
pub(super) use judges::{can_start, configuration_of};

use super::state::State;
use super::world::Site;
use crate::host::{Command, HostError, Output};

/// A program that ended well and said this.
pub(super) fn said(text: impl Into<String>) -> Output {
    Output { code: 0, stdout: text.into().into_bytes(), stderr: String::new() }
}

/// A program that ended badly and said this.
pub(super) fn failed(code: i32, text: &str) -> Output {
    Output { code, stdout: Vec::new(), stderr: format!("{text}\n") }
}

/// Runs a program of `machine`.
pub(super) fn run(site: &mut Site, machine: &str, command: &Command<'_>) -> Result<Output, HostError> {
    let name = command.program.rsplit('/').next().unwrap_or_default();
    let args = command.args.as_slice();
    let input = command.stdin.as_ref().map(|s| String::from_utf8_lossy(s.expose()).into_owned()).unwrap_or_default();
    let state = site.state(machine)?;
    match name {
        "sleep" => Err(unknown(command, "it did not end in time and was stopped")),
        "kubeadm" | "ctr" | "chronyd" | "containerd" | "etcdctl" | "etcdutl" | "haproxy" | "keepalived" | "mariadb"
        | "mariadb-dump" | "mariadbd" | "psql" | "pg_dump" | "pg_restore" | "postgres" => {
            installed(state, command.program)?;
            match name {
                "kubeadm" => Ok(kubeadm::run(site, machine, args)),
                "ctr" => Ok(containers::ctr(state, args)),
                "etcdctl" => Ok(etcd_tools::etcdctl(site, machine, args)),
                "etcdutl" => Ok(etcd_tools::etcdutl(state, args)),
                "chronyd" | "containerd" | "haproxy" | "keepalived" | "mariadbd" | "postgres" => {
                    Ok(judges::judge(state, name, args))
                }
                _ => Ok(databases::run(site, machine, name, args, &input)),
            }
        }
        // As another user: `runuser -u postgres -- psql ...`.
        "runuser" => {
            let rest = args.iter().position(|a| *a == "--").map_or(&[][..], |at| &args[at + 1..]);
            let Some((program, args)) = rest.split_first() else { return Ok(failed(1, "runuser: no command")) };
            installed(state, program)?;
            Ok(databases::run(site, machine, program, args, &input))
        }
        "dpkg" | "dpkg-query" | "apt-get" => Ok(packages::run(state, name, args)),
        "nft" => Ok(small::nft(state, args)),
        _ => small::run(state, name, args, &input).ok_or_else(|| unknown(command, "no such file or directory")),
    }
}

/// Whether a program is there.
pub(super) fn installed(state: &State, program: &str) -> Result<String, HostError> {
    let folders = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];
    let places = folders.iter().map(|f| format!("{f}/{}", program.rsplit('/').next().unwrap_or_default()));
    let found = if program.starts_with('/') && state.files.has(program) {
        Some(program.to_owned())
    } else {
        places.filter(|_| !program.starts_with('/')).find(|p| state.files.has(p))
    };
    found.ok_or_else(|| HostError::Program {
        program: program.to_owned(),
        reason: "no such file or directory".to_owned(),
    })
}

fn unknown(command: &Command<'_>, reason: &str) -> HostError {
    HostError::Program { program: command.program.to_owned(), reason: reason.to_owned() }
}

/// Runs a unit's command; only those of our own units are known.
pub(super) fn of_unit(state: &mut State, command: &[String]) -> Result<(), String> {
    let args: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
    let program = command.first().map_or("", String::as_str);
    let name = program.rsplit('/').next().unwrap_or_default();
    let output = match name {
        "nft" => small::nft(state, &args),
        _ => {
            small::run(state, name, &args, "").unwrap_or_else(|| failed(203, "the simulated machine does not know it"))
        }
    };
    if output.ok() { Ok(()) } else { Err(format!("{program} exited with {}: {}", output.code, output.stderr.trim())) }
}
