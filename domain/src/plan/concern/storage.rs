//! The volume that Joget's replicas share, and the NFS server where it is ours.

use super::super::wish::Wish;
use super::super::world::World;
use super::cluster::through;
use crate::spec::{Role, StorageKind};
use crate::step::{Action, Component, NfsServer, Volume, VolumeSource};

pub(in super::super) fn server(world: &World<'_>) -> Vec<Wish> {
    let storage = &world.spec.storage;
    match storage.kind {
        StorageKind::Shared | StorageKind::Local => Vec::new(),
        StorageKind::Nfs => {
            let clients = world.spec.workers().iter().map(|m| m.address).collect();
            let server = NfsServer { export: storage.export.as_str().to_owned(), clients };
            let wish = |m| Wish::of(m, Action::NfsServer(server.clone())).after(m, Component::Base);
            world.spec.machines_with(Role::Storage).map(wish).collect()
        }
    }
}

pub(in super::super) fn volume(world: &World<'_>) -> Vec<Wish> {
    let storage = &world.spec.storage;
    let source = match storage.kind {
        StorageKind::Nfs => world
            .spec
            .nfs_server()
            .map(|server| VolumeSource::Nfs { server, export: storage.export.as_str().to_owned() }),
        StorageKind::Shared => Some(VolumeSource::Shared { path: storage.path.as_str().to_owned() }),
        StorageKind::Local => world
            .spec
            .workers()
            .first()
            .map(|m| VolumeSource::Local { path: storage.path.as_str().to_owned(), node: m.name.to_string() }),
    };
    let Some(source) = source else { return Vec::new() };
    vec![through(world, Action::Volume(Volume { source, size: storage.size.as_str().to_owned() }))]
}
