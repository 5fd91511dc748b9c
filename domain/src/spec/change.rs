//! What may not be changed from one spec to the next, with the reason. Knows no plan.

use super::check::{all_of, quorum};
use super::problem::Problem;
use super::{Machine, Role, Spec, StorageKind};

/// Everything in `new` that cannot follow on `old`.
pub fn check_change(old: &Spec, new: &Spec) -> Vec<Problem> {
    let mut problems = fixed(old, new);
    problems.extend(version(old, new));
    problems.extend(machines(old, new));
    problems.extend(control_planes(old, new));
    problems.extend(databases(old, new));
    problems.extend(uploads(old, new));
    problems
}

/// Settings that something in the cluster has been made of.
fn fixed(old: &Spec, new: &Spec) -> Vec<Problem> {
    let rows = [
        ("name", old.name.to_string(), new.name.to_string(), "every certificate carries it"),
        (
            "kubernetes.podSubnet",
            old.kubernetes.pod_subnet.to_string(),
            new.kubernetes.pod_subnet.to_string(),
            "every node and pod has its address from it",
        ),
        (
            "kubernetes.serviceSubnet",
            old.kubernetes.service_subnet.to_string(),
            new.kubernetes.service_subnet.to_string(),
            "every service has its address from it",
        ),
        ("vips.api", old.vips.api.to_string(), new.vips.api.to_string(), "every certificate and kubeconfig carries it"),
        (
            "database.kind",
            old.database.kind.to_string(),
            new.database.kind.to_string(),
            "the data would stay behind in the other server",
        ),
        (
            "database.name",
            old.database.name.clone(),
            new.database.name.clone(),
            "the data would stay behind under that name",
        ),
        (
            "storage.kind",
            old.storage.kind.as_str().to_owned(),
            new.storage.kind.as_str().to_owned(),
            "the uploads would stay behind",
        ),
    ];
    let changed = rows.into_iter().filter(|(_, before, after, _)| before != after);
    changed.map(|(path, before, after, why)| stays(path, &before, &after, why)).collect()
}

fn stays(path: &str, before: &str, after: &str, why: &str) -> Problem {
    Problem::error(path, format!("cannot change from {before} to {after}: {why}"))
        .help(format!("keep {before}, or build a new site and restore into it"))
}

/// There is no step that upgrades a cluster: new programs would be put under nodes that are of another version.
fn version(old: &Spec, new: &Spec) -> Option<Problem> {
    let (from, to) = (&old.kubernetes.version, &new.kubernetes.version);
    let message = format!("cannot change from {from} to {to}: this release cannot upgrade a cluster that runs");
    let help = format!("keep {from}, or build a new site with {to} and restore a backup of the database into it");
    (from != to).then(|| Problem::error("kubernetes.version", message).help(help))
}

/// Where the uploads lie: on the server's disk, or on the one worker that has the directory.
fn uploads(old: &Spec, new: &Spec) -> Option<Problem> {
    let place = |spec: &Spec| match spec.storage.kind {
        StorageKind::Nfs => spec.nfs_server(),
        StorageKind::Local => spec.workers().first().map(|m| m.name.to_string()),
        StorageKind::Shared => None,
    };
    let (before, after) = (place(old)?, place(new)?);
    (old.storage.kind == new.storage.kind && before != after)
        .then(|| stays("storage", &before, &after, "the uploads would stay behind on it"))
}

fn machines(old: &Spec, new: &Spec) -> Vec<Problem> {
    let pairs = new.machines.iter().enumerate().filter_map(|(n, m)| old.machine(m.name.as_str()).map(|o| (n, o, m)));
    pairs.flat_map(|(n, before, after)| [role(n, before, after), address(n, before, after)]).flatten().collect()
}

fn role(n: usize, before: &Machine, after: &Machine) -> Option<Problem> {
    let free = before.role == after.role || before.role == Role::Spare || after.role == Role::Spare;
    let message = format!("{} cannot turn from {} into {} in place", after.name, before.role, after.role);
    let help = format!("make {} a spare, apply, then give it its new role", after.name);
    (!free).then(|| Problem::error(format!("machines[{n}].role"), message).help(help))
}

fn address(n: usize, before: &Machine, after: &Machine) -> Option<Problem> {
    let moved = before.address != after.address && before.role != Role::Spare;
    let message = format!(
        "{} cannot move from {} to {}: its certificates and its peers carry the address",
        after.name, before.address, after.address
    );
    moved.then(|| {
        Problem::error(format!("machines[{n}].address"), message).help("add it under a new name and remove the old one")
    })
}

fn control_planes(old: &Spec, new: &Spec) -> Option<Problem> {
    let before = old.control_planes();
    let stays = |m: &&&Machine| new.machine(m.name.as_str()).is_some_and(|n| n.role == Role::ControlPlane);
    let kept = before.iter().filter(stays).count();
    let least = quorum(before.len());
    if before.is_empty() || kept >= least {
        return None;
    }
    let names: Vec<&str> = before.iter().map(|m| m.name.as_str()).collect();
    let message = format!("keeps {kept} of the control planes {}: quorum is {least}", all_of(&names));
    Some(
        Problem::error("machines", message)
            .help(format!("keep at least {least} of them and replace the others in a later apply")),
    )
}

/// The first database machine has the data; a second one has no copy of it yet.
fn databases(old: &Spec, new: &Spec) -> Option<Problem> {
    let first = *old.databases().first()?;
    if new.databases().first().is_some_and(|m| m.name == first.name) {
        return None;
    }
    let message = format!("removes {}, and the data with it", first.name);
    let help = format!("keep {} as the first one, or build a new site and restore a backup into it", first.name);
    Some(Problem::error("machines", message).help(help))
}
