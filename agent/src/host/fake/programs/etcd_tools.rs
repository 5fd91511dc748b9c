//! etcdctl and etcdutl: snapshots.

use super::super::state::State;
use super::super::world::Site;
use super::{failed, said};
use crate::host::Output;

pub(super) fn etcdctl(site: &mut Site, machine: &str, args: &[&str]) -> Output {
    let at = args.iter().position(|a| *a == "snapshot").unwrap_or(args.len());
    let quorum = site.has_quorum();
    let keys = site.cluster.objects.list("/api/v1/nodes").len();
    match (site.machines.get_mut(machine), &args[at..]) {
        (Some(state), ["snapshot", "save", path]) if state.control_plane && quorum => {
            state.files.write(path, &format!("snapshot of {keys} keys"));
            Output::default()
        }
        (_, ["snapshot", "save", _]) => failed(1, "Error: context deadline exceeded"),
        (_, other) => failed(2, &format!("the simulated etcdctl does not know {other:?}")),
    }
}

pub(super) fn etcdutl(state: &State, args: &[&str]) -> Output {
    match args {
        ["snapshot", "status", path, "--write-out", "json"] if state.files.has(path) => {
            said("{\"hash\":1,\"revision\":42,\"totalKey\":100,\"totalSize\":2097152}\n")
        }
        ["snapshot", "status", path, ..] => failed(1, &format!("Error: stat {path}: no such file or directory")),
        other => failed(2, &format!("the simulated etcdutl does not know {other:?}")),
    }
}
