//! The database on this machine, from what its component shows and what backups noted.

use ha_domain::report::{ComponentState, DatabaseReport};
use ha_domain::step::Component;

use crate::machine::Machine;

/// Looks where this machine has a database.
pub(super) async fn look(machine: &Machine) {
    let report = machine.report();
    let Some(component) = report.components.get(&Component::Database) else { return };
    let fact = |component: Component, name: &str| report.fact(component, name).map(str::to_owned);
    let time = |name: &str| fact(Component::DatabaseBackup, name).and_then(|t| t.parse().ok()).map(ha_domain::id::Time);
    let database = DatabaseReport {
        alive: component.state == ComponentState::Converged,
        version: fact(Component::Database, "version").unwrap_or_default(),
        connections: 0,
        last_backup: time("last-backup"),
        last_restore: time("last-restore"),
    };
    machine.see(|r| r.database = Some(database));
}
