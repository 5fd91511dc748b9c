//! What is kept for a bad day: etcd snapshots and nightly database backups, each on other machines too.

use super::super::wish::Wish;
use super::super::world::World;
use crate::spec::{Machine, Role};
use crate::step::{Action, Component, DatabaseBackup, EtcdSnapshots};

pub(in super::super) fn backups(world: &World<'_>) -> Vec<Wish> {
    let snapshots = EtcdSnapshots { every_minutes: 30, keep: 48, copies: 2 };
    let etcd = |m: &Machine| Wish::of(m, Action::EtcdSnapshots(snapshots.clone())).after(m, Component::Node);
    let mut wishes: Vec<_> = world.spec.machines_with(Role::ControlPlane).take(1).map(etcd).collect();
    let wanted = &world.spec.database;
    let backup = DatabaseBackup {
        kind: wanted.kind,
        name: wanted.name.clone(),
        at: wanted.backups.at.to_string(),
        keep: wanted.backups.keep,
        copies: wanted.backups.copies,
    };
    let machines = world.spec.control_planes();
    let backup =
        |m: &Machine| Wish::of(m, Action::DatabaseBackup(backup.clone())).after_any(&machines, Component::JogetSetup);
    wishes.extend(world.spec.databases().into_iter().take(1).map(backup));
    wishes
}
