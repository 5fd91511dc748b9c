//! Units the agent owns: looked at, and started again when they fell, with or without any coordinator.

use std::collections::BTreeMap;
use std::sync::Arc;

use ha_domain::report::UnitState;
use ha_domain::step::Component;

use super::{Subject, attempt, refresh, used};
use crate::execute::ActError;
use crate::host::{Unit, UnitVerb};
use crate::machine::Machine;

/// The kubelet's unit.
const KUBELET: &str = "kubelet.service";

/// Looks at the owned units and starts those that fell.
pub(super) async fn look(machine: Arc<Machine>) {
    let mut units = BTreeMap::new();
    for name in machine.ledger.owned_units() {
        let Ok(unit) = machine.host.unit(&name).await else { continue };
        let subject = Subject::Unit(name.clone());
        if has_fallen(&machine, &name, &unit) {
            attempt(&machine, &subject, &format!("it was {}", unit.active), start(&machine, &name)).await;
        }
        let restarts = used(&machine, &subject.to_string()).0;
        units.insert(name, UnitState { active: unit.active, sub: unit.sub, restarts });
    }
    refresh(&machine);
    machine.see(|report| report.units = units);
}

/// A unit whose condition does not hold is not started, and systemd calls that a success.
async fn start(machine: &Machine, name: &str) -> Result<(), ActError> {
    machine.host.control(name, UnitVerb::Start).await?;
    match machine.host.unit(name).await?.active.as_str() {
        down @ ("inactive" | "failed") => Err(ActError::Refused(format!("it was started, and is {down}"))),
        _ => Ok(()),
    }
}

/// A unit that a person has disabled stays down; one that is starting or waits for its own restart is let be. Until this
/// machine is a node the kubelet has no configuration and falls: that is as it should be.
fn has_fallen(machine: &Machine, name: &str, unit: &Unit) -> bool {
    let waits = name == KUBELET && !machine.wanted.all().contains_key(&Component::Node);
    !waits && unit.enabled && matches!(unit.active.as_str(), "failed" | "inactive")
}
