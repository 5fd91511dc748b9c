//! Small programs of the base system, and nft.

use std::path::Path;

use super::super::files::{Content, Node};
use super::super::state::State;
use super::{failed, said};
use crate::host::Output;

/// `None` for a program that is not known.
pub(super) fn run(state: &mut State, name: &str, args: &[&str], input: &str) -> Option<Output> {
    Some(match (name, args) {
        ("echo", words) => said(format!("{}\n", words.join(" "))),
        ("cat", []) => said(input),
        ("true" | "sync" | "udevadm" | "chmod" | "exportfs", _) => Output::default(),
        ("false", _) => failed(1, ""),
        ("date", ["+%z"]) => said("+0000\n"),
        ("hostname", [name]) => {
            state.facts.hostname = (*name).to_owned();
            state.files.write("/proc/sys/kernel/hostname", &format!("{name}\n"));
            Output::default()
        }
        ("hostname", []) => said(format!("{}\n", state.facts.hostname)),
        ("modprobe", [module]) if state.load_module(module) => Output::default(),
        ("modprobe", [module]) => failed(1, &format!("modprobe: FATAL: Module {module} not found")),
        ("sysctl", ["-q", "-w", assignment]) => sysctl(state, assignment),
        ("swapoff", ["--all"]) => {
            state.files.write("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n");
            Output::default()
        }
        ("chown", [_, path]) if state.files.has(path) => Output::default(),
        ("chown", [_, path]) => failed(1, &format!("chown: cannot access '{path}': No such file or directory")),
        ("gzip", [.., path]) => gzip(state, path),
        ("ip", ["link", "delete", _]) => Output::default(),
        ("journalctl", _) => Output::default(),
        _ => return None,
    })
}

fn sysctl(state: &mut State, assignment: &str) -> Output {
    let (name, value) = assignment.split_once('=').unwrap_or((assignment, ""));
    if state.set_kernel(name, value) {
        Output::default()
    } else {
        failed(1, &format!("sysctl: cannot stat /proc/sys/{}: No such file or directory", name.replace('.', "/")))
    }
}

/// Puts the file's packed form in its place.
fn gzip(state: &mut State, path: &str) -> Output {
    let path = Path::new(path);
    let Some(content) = state.files.get(path).cloned() else { return failed(1, "gzip: No such file or directory") };
    state.files.remove(path);
    let packed = path.with_file_name(format!("{}.gz", path.file_name().unwrap_or_default().to_string_lossy()));
    match state.files.put(&packed, Node::File(Content::new(&content.bytes, content.mode))) {
        Ok(()) => Output::default(),
        Err(e) => failed(1, &e.to_string()),
    }
}

/// The kernel's table of ours is what the rules' file holds without comments.
pub(super) fn nft(state: &mut State, args: &[&str]) -> Output {
    match args {
        ["--check", "--file", path] => match state.files.text(path) {
            Some(text) if text.matches('{').count() == text.matches('}').count() => Output::default(),
            Some(_) => failed(1, "Error: syntax error, unexpected end of file"),
            None => failed(1, "Error: Could not open file"),
        },
        ["-f" | "--file", path] => match state.files.text(path) {
            Some(text) => {
                let rules = text.lines().filter(|l| !l.trim_start().starts_with('#'));
                state.firewall = Some(rules.collect::<Vec<_>>().join("\n"));
                Output::default()
            }
            None => failed(1, "Error: Could not open file"),
        },
        ["--stateless", "list", "table", "inet", "ha_mesh"] => match &state.firewall {
            Some(rules) => said(rules.clone()),
            None => failed(1, "Error: No such file or directory"),
        },
        ["delete", "table", "inet", "ha_mesh"] if state.firewall.take().is_some() => Output::default(),
        ["delete", "table", ..] => failed(1, "Error: No such file or directory"),
        other => failed(2, &format!("the simulated nft does not know {other:?}")),
    }
}
