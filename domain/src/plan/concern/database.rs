//! The database server, and Joget's way into it.

use super::super::wish::Wish;
use super::super::world::World;
use crate::spec::{Machine, Spec};
use crate::step::{Action, Component, Database, DatabaseAccess};

/// Memory for the server's cache where the spec does not say, in MiB.
const CACHE_MIB: u64 = 512;

pub(in super::super) fn server(world: &World<'_>) -> Vec<Wish> {
    let wish = |m: &Machine| Wish::of(m, Action::Database(database(world.spec, m))).after(m, Component::Preflight);
    world.spec.databases().into_iter().take(1).map(wish).collect()
}

fn database(spec: &Spec, machine: &Machine) -> Database {
    let wanted = &spec.database;
    let nodes = spec.nodes().map(|m| m.address.to_string());
    // Pods leave a node with its address, or, towards hosts of the pod network, with their own.
    let allow = nodes.chain([spec.kubernetes.pod_subnet.to_string()]).collect();
    Database {
        kind: wanted.kind,
        address: machine.address,
        allow,
        max_connections: wanted.max_connections,
        cache_mib: wanted.buffer_pool.as_ref().map_or(CACHE_MIB, |q| q.bytes() >> 20),
        tls: wanted.tls,
        settings: wanted.settings.clone(),
    }
}

/// Schema, user and grants.
pub(super) fn access_of(spec: &Spec) -> DatabaseAccess {
    let wanted = &spec.database;
    DatabaseAccess { kind: wanted.kind, name: wanted.name.clone(), user: wanted.user.clone(), tls: wanted.tls }
}

pub(in super::super) fn access(world: &World<'_>) -> Vec<Wish> {
    let action = Action::DatabaseAccess(access_of(world.spec));
    let wish = |m: &Machine| Wish::of(m, action.clone()).after(m, Component::Database);
    world.spec.databases().into_iter().take(1).map(wish).collect()
}
