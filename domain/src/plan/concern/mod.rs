//! One file a concern: what it wants of which machine, and after what.

pub(super) mod backups;
pub(super) mod balance;
pub(super) mod cluster;
pub(super) mod control_plane;
pub(super) mod coordinators;
pub(super) mod database;
pub(super) mod evacuate;
pub(super) mod joget;
pub(super) mod machine;
pub(super) mod retire;
pub(super) mod runtime;
pub(super) mod storage;
pub(super) mod workers;
