//! The shared folder: where it comes from, and who can use it.

use crate::spec::problem::Problem;
use crate::spec::{Role, Spec, StorageKind};

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let mut problems: Vec<Problem> = match spec.storage.kind {
        StorageKind::Nfs => nfs(spec).into_iter().collect(),
        StorageKind::Local => local(spec).into_iter().collect(),
        StorageKind::Shared => Vec::new(),
    };
    problems.extend(server_unused(spec));
    if spec.storage.size.bytes() < 1 << 20 {
        let message = format!("{} is less than a megabyte", spec.storage.size);
        problems.push(Problem::error("storage.size", message).help("write a unit, for example 20Gi"));
    }
    problems
}

fn nfs(spec: &Spec) -> Option<Problem> {
    let own = spec.machines_with(Role::Storage).next();
    match (&spec.storage.server, own) {
        (None, None) => Some(
            Problem::error(
                "storage.kind",
                "nfs needs a server: there is neither storage.server nor a machine with the role storage",
            )
            .help("add a machine with the role storage, or name the site's own server in storage.server"),
        ),
        (Some(server), Some(machine))
            if server.address() != Some(machine.address) && server.as_str() != machine.name.as_str() =>
        {
            let message =
                format!("the folder is on {server}, so {} with the role storage has nothing to do", machine.name);
            Some(Problem::warning("storage.server", message).help("leave out one of them"))
        }
        (Some(_) | None, Some(_)) | (Some(_), None) => None,
    }
}

fn local(spec: &Spec) -> Option<Problem> {
    if spec.joget.replicas > 1 {
        let message = format!(
            "local is a directory on one worker, {} replicas would not see the same files",
            spec.joget.replicas
        );
        return Some(
            Problem::error("storage.kind", message).help("use nfs, or shared if you bring a directory to every worker"),
        );
    }
    let message = "local: Joget's uploads lie on one worker and are lost with it";
    Some(Problem::warning("storage.kind", message).help("use nfs, or shared if you bring a directory to every worker"))
}

fn server_unused(spec: &Spec) -> Option<Problem> {
    let unused = spec.storage.server.is_some() && spec.storage.kind != StorageKind::Nfs;
    let message = format!("a server means nothing with storage.kind {}", spec.storage.kind.as_str());
    unused.then(|| Problem::error("storage.server", message).help("leave it out, or set storage.kind: nfs"))
}
