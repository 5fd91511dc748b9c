//! Which spare fits a role.

use super::group;
use crate::id::MachineName;
use crate::spec::{Machine, Role, Spec};
use crate::state::State;

/// The spare that is to take the place of `machine`: well, large enough, and where it can be on another hypervisor than the
/// others of that role.
pub(super) fn choose<'a>(state: &State, spec: &'a Spec, machine: &Machine) -> Option<&'a MachineName> {
    let taken = |spare: &Machine| {
        let others = spec.machines_with(machine.role).filter(|m| m.name != machine.name);
        spare.hypervisor.is_some() && others.map(|m| &m.hypervisor).any(|h| *h == spare.hypervisor)
    };
    let able = spec.machines_with(Role::Spare).filter(|s| unfit(state, s, machine.role).is_none());
    able.min_by_key(|spare| taken(spare)).map(|m| &m.name)
}

/// Why a spare cannot take a role.
pub(super) fn unfit(state: &State, spare: &Machine, role: Role) -> Option<String> {
    let name = &spare.name;
    let Some((_, record)) = state.placed(name) else {
        return Some(format!("{name} has not joined"));
    };
    if !group::is_well(state, name) {
        return Some(format!("{name} is ill itself"));
    }
    let (has, least) = (&record.facts, role.least());
    if has.cpus < least.cpus {
        return Some(format!("{name} has {} cores, a {role} needs {}", has.cpus, least.cpus));
    }
    let needs_mib = least.memory >> 20;
    (has.memory_mib < needs_mib).then(|| format!("{name} has {} MiB, a {role} needs {needs_mib}", has.memory_mib))
}

/// Why no spare can take the place of `machine`.
pub(super) fn none(state: &State, spec: &Spec, machine: &Machine) -> String {
    let unfit: Vec<_> = spec.machines_with(Role::Spare).filter_map(|s| unfit(state, s, machine.role)).collect();
    if unfit.is_empty() {
        "there is no spare: add a machine with `role: spare`, or switch this one on again".to_owned()
    } else {
        format!("no spare fits: {}", unfit.join("; "))
    }
}
