//! The layers of a site, each judged from reports: what cannot be seen is unknown, never failed.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::{Beside, Health, Layer};
use crate::plan::{Input, PlanReport, World};
use crate::report::{EtcdReport, KubernetesReport, Report};
use crate::spec::Role;
use crate::step::Component;

pub(super) fn layers(input: &Input<'_>, report: &PlanReport, beside: &Beside) -> Vec<Layer> {
    let Some(world) = World::new(input) else { return vec![coordinators(beside, 1)] };
    let wanted = world.spec.coordinator_machines().len();
    let mut layers = vec![
        coordinators(beside, wanted),
        balance(&world),
        etcd(&world),
        kubernetes(&world),
        database(&world),
        pods(&world, "ingress", "traefik", world.spec.workers().len()),
        pods(&world, "joget", "joget", world.spec.joget.replicas as usize),
    ];
    let building = !report.converged();
    for layer in layers
        .iter_mut()
        .filter(|l| building && matches!(l.health, Health::Unknown | Health::Failed | Health::Degraded))
    {
        layer.health = Health::Building;
    }
    layers
}

fn layer(name: &str, health: Health, detail: String) -> Layer {
    Layer { name: name.to_owned(), health, detail }
}

fn of(have: usize, want: usize, serves: usize) -> Health {
    match have {
        _ if have >= want => Health::Healthy,
        _ if have >= serves => Health::Degraded,
        _ => Health::Failed,
    }
}

fn coordinators(beside: &Beside, wanted: usize) -> Layer {
    let health = of(beside.voters, wanted, wanted / 2 + 1);
    layer("coordinators", health, format!("{} of {wanted}, leader {}", beside.voters, beside.leader))
}

fn balance(world: &World<'_>) -> Layer {
    let vips = [("api", world.spec.vips.api), ("apps", world.spec.vips.apps)];
    let owners = vips.map(|(name, vip)| (name, owners(world, vip)));
    let told = owners.iter().map(|(name, on)| match on.as_slice() {
        [] => format!("{name} VIP on no machine"),
        on => format!("{name} VIP on {}", on.join(" and ")),
    });
    let detail = told.collect::<Vec<_>>().join(", ");
    let alive =
        world.spec.balancers().iter().filter(|m| world.connected(&m.name) && alive(world.report(&m.name))).count();
    let single = owners.iter().all(|(_, on)| on.len() == 1);
    let health = match (single, alive >= world.spec.balancers().len()) {
        (true, true) => Health::Healthy,
        (true, false) => Health::Degraded,
        (false, _) => Health::Failed,
    };
    layer("load balancing", health, detail)
}

fn alive(report: Option<&Report>) -> bool {
    report.and_then(|r| r.balance.as_ref()).is_some_and(|b| b.haproxy_alive)
}

fn owners(world: &World<'_>, vip: IpAddr) -> Vec<String> {
    let holds = |r: &Report| r.balance.as_ref().is_some_and(|b| b.vips.contains(&vip));
    let balancers = world.spec.balancers();
    let on = balancers.iter().filter(|m| world.connected(&m.name) && world.report(&m.name).is_some_and(holds));
    on.map(|m| m.name.to_string()).collect()
}

fn cluster_reports<'a>(world: &World<'a>) -> Vec<&'a KubernetesReport> {
    let masters = world.spec.machines_with(Role::ControlPlane).filter(|m| world.connected(&m.name));
    masters.filter_map(|m| world.report(&m.name)?.kubernetes.as_ref()).collect()
}

fn etcd(world: &World<'_>) -> Layer {
    let views: Vec<&EtcdReport> = cluster_reports(world).into_iter().filter_map(|k| k.etcd.as_ref()).collect();
    let wanted = world.spec.control_planes().len();
    let Some(best) = views.iter().max_by_key(|e| e.members.len()) else {
        return layer("etcd", Health::Unknown, "no control plane tells".to_owned());
    };
    let voters = best.members.values().filter(|m| !m.learner).count();
    let healthy = views.iter().filter(|e| e.healthy).count();
    let leader = best.leader.clone().unwrap_or_else(|| "none".to_owned());
    let learners = best.members.len() - voters;
    let mut detail = format!("{voters} voters, {learners} learners, leader {leader}, {} MiB", best.db_mib);
    if let Some(at) = views.iter().filter_map(|e| e.last_snapshot).max() {
        detail.push_str(&format!(", last snapshot {} min ago (verified)", world.now.ms_since(at) / 60_000));
    }
    layer("etcd", of(healthy.min(voters), wanted, voters / 2 + 1), detail)
}

fn kubernetes(world: &World<'_>) -> Layer {
    let reports = cluster_reports(world);
    let wanted: BTreeSet<String> = world.spec.nodes().map(|m| m.name.to_string()).collect();
    let Some(best) = reports.iter().max_by_key(|k| k.nodes.len()).filter(|k| !k.nodes.is_empty()) else {
        return layer("kubernetes", Health::Unknown, "no API server tells".to_owned());
    };
    let ready = best.nodes.iter().filter(|(name, n)| n.ready && wanted.contains(*name)).count();
    let apis = reports.iter().filter(|k| k.api_ready == Some(true)).count();
    let detail = format!(
        "v{}, {ready} of {} nodes Ready, {apis} API servers ready",
        world.spec.kubernetes.version,
        wanted.len()
    );
    layer("kubernetes", of(ready, wanted.len(), 1), detail)
}

fn database(world: &World<'_>) -> Layer {
    let machines = world.spec.databases();
    let Some(machine) = machines.first() else { return layer("database", Health::Unknown, "none".to_owned()) };
    let Some(database) = world.report(&machine.name).and_then(|r| r.database.as_ref()) else {
        return layer("database", Health::Unknown, format!("{} does not tell", machine.name));
    };
    let ago = |at: Option<crate::id::Time>| {
        at.map_or("none yet".to_owned(), |at| format!("{} h ago", world.now.ms_since(at) / 3_600_000))
    };
    let detail = format!(
        "{} {} on {}, last backup {}, last proven restore {}",
        world.spec.database.kind,
        database.version,
        machine.name,
        ago(database.last_backup),
        ago(database.last_restore)
    );
    let serves = database.alive && world.connected(&machine.name);
    layer("database", if serves { Health::Healthy } else { Health::Failed }, detail)
}

fn pods(world: &World<'_>, name: &str, app: &str, wanted: usize) -> Layer {
    let reports = cluster_reports(world);
    let Some(best) = reports.iter().max_by_key(|k| k.pods.len()).filter(|k| !k.nodes.is_empty()) else {
        return layer(name, Health::Unknown, "no API server tells".to_owned());
    };
    let ready: Vec<_> = best.pods.values().filter(|p| p.app == app && p.ready).map(|p| p.node.as_str()).collect();
    let on: BTreeSet<_> = ready.iter().copied().collect();
    let mut detail = format!("{app}: {} of {wanted} on {}", ready.len(), on.into_iter().collect::<Vec<_>>().join(" "));
    let proof =
        world.spec.databases().first().and_then(|m| world.report(&m.name)?.fact(Component::Acceptance, "latency-ms"));
    if let (Some(ms), "joget") = (proof, name) {
        detail.push_str(&format!(", login + write {ms} ms"));
    }
    layer(name, of(ready.len(), wanted, 1), detail)
}
