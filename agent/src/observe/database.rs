//! The database on this machine, from what its component shows and what backups noted.

use ha_domain::report::{ComponentState, DatabaseReport};
use ha_domain::step::Component;

use super::looking;
use crate::execute::database_backup;
use crate::machine::Machine;

/// Looks where this machine has a database.
pub(super) async fn look(machine: &Machine) {
    let report = machine.report();
    let Some(component) = report.components.get(&Component::Database) else { return };
    let fact = |component: Component, name: &str| report.fact(component, name).map(str::to_owned);
    let backup = looking(machine, async |cx| database_backup::last(cx).await).await.ok().flatten();
    let database = DatabaseReport {
        alive: component.state == ComponentState::Converged,
        version: fact(Component::Database, "version").unwrap_or_default(),
        connections: 0,
        last_backup: backup.as_ref().map(|b| b.taken),
        last_restore: backup.as_ref().map(|b| b.proven),
    };
    machine.see(|r| r.database = Some(database));
}
