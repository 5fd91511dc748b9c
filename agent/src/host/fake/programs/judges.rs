//! Daemons that read a configuration: whether they accept it. The simulated ones refuse what says `simulated-error`.

use super::super::state::State;
use super::{failed, said};
use crate::host::Output;

/// A line with this word makes every simulated program refuse its configuration.
const ERROR: &str = "simulated-error";

/// Where a daemon reads its configuration.
pub(in super::super) fn configuration_of(program: &str) -> Option<&'static str> {
    Some(match program.rsplit('/').next()? {
        "haproxy" => "/etc/haproxy/haproxy.cfg",
        "keepalived" => "/etc/keepalived/keepalived.conf",
        "chronyd" => "/etc/chrony/chrony.conf",
        "mariadbd" => "/etc/mysql/mariadb.conf.d/60-ha-mesh.cnf",
        "pg_ctlcluster" => "/etc/postgresql/15/main/conf.d/60-ha-mesh.conf",
        "containerd" => "/etc/containerd/config.toml",
        "ganesha.nfsd" => "/etc/ganesha/ganesha.conf",
        _ => return None,
    })
}

/// Whether a daemon comes up with what is there.
pub(in super::super) fn can_start(state: &State, program: &str) -> Result<(), String> {
    if program.ends_with("/false") {
        return Err("Main process exited, code=exited, status=1/FAILURE".to_owned());
    }
    let needed = program.ends_with("/haproxy") || program.ends_with("/keepalived");
    let Some(path) = configuration_of(program) else { return Ok(()) };
    match state.files.text(path) {
        Some(text) if text.contains(ERROR) => Err(format!("{path}: syntax error")),
        None if needed => Err(format!("{path}: no such file or directory")),
        Some(_) | None => Ok(()),
    }
}

/// Judges a candidate: the file that one of the arguments names.
pub(super) fn judge(state: &State, name: &str, args: &[&str]) -> Output {
    let path = args.iter().find_map(|a| {
        let path = a.rsplit('=').next().unwrap_or(a);
        (path.starts_with('/') && state.files.get(std::path::Path::new(path)).is_some()).then_some(path)
    });
    match path.and_then(|path| state.files.text(path)) {
        None => failed(1, &format!("{name}: cannot open the configuration file")),
        Some(text) if text.contains(ERROR) => failed(1, &format!("{name}: syntax error")),
        Some(_) if name == "postgres" => said("100\n"),
        Some(_) => Output::default(),
    }
}
