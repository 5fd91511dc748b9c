//! Units the agent owns: looked at, and started again when they fell, with or without any coordinator.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use ha_domain::report::UnitState;
use ha_domain::step::Component;

use crate::host::UnitVerb;
use crate::machine::Machine;

/// Starts of one unit within [`WINDOW`] before it is left to the coordinator and a person.
const BUDGET: u32 = 5;
/// The kubelet's unit.
const KUBELET: &str = "kubelet.service";
/// The span over which starts are counted.
const WINDOW: Duration = Duration::from_secs(600);

/// Looks at the owned units and starts those that fell.
pub(super) async fn look(machine: Arc<Machine>) {
    let old = machine.report().units;
    let mut units = BTreeMap::new();
    for name in machine.ledger.owned_units() {
        let Ok(unit) = machine.host.unit(&name).await else { continue };
        // Until this machine is a node the kubelet has no configuration and falls: that is as it should be.
        let expected = name == KUBELET && !machine.wanted.all().contains_key(&Component::Node);
        let mut state = UnitState {
            active: unit.active.clone(),
            sub: unit.sub,
            restarts: old.get(&name).map_or(0, |u| u.restarts),
        };
        // A unit that a person has disabled stays down; one that is starting or waits for its own restart is let be.
        if !expected
            && unit.enabled
            && matches!(unit.active.as_str(), "failed" | "inactive")
            && state.restarts < BUDGET
            && !is_at_work(&machine)
        {
            tracing::warn!(unit = %name, "fell; starting it again");
            state.restarts += 1;
            if let Err(error) = machine.host.control(&name, UnitVerb::Start).await {
                tracing::warn!(unit = %name, %error, "could not be started");
            }
        }
        units.insert(name, state);
    }
    if machine.host.now().0 % u64::try_from(WINDOW.as_millis()).unwrap_or(u64::MAX) < 5_000 {
        units.values_mut().for_each(|u| u.restarts = 0);
    }
    machine.see(|report| report.units = units);
}

/// Whether a step is at work: it may have stopped a unit on purpose.
fn is_at_work(machine: &Machine) -> bool {
    Component::ALL.iter().any(|c| machine.is_occupied(*c))
}
