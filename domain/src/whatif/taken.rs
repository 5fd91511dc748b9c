//! Which machines a question means: names of the spec, or all that stand on a hypervisor. A wrong name is told with those
//! that are near it.

use std::collections::BTreeSet;

use crate::id::MachineName;
use crate::spec::Spec;

/// At most this many names are suggested.
const SUGGESTED: usize = 3;

/// A name that the spec does not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} {name:?}{near}")]
pub struct UnknownName {
    what: &'static str,
    name: String,
    near: String,
}

/// The machines called `machines` and those on `hypervisor` (empty: none is meant).
///
/// # Errors
/// The first name that the spec does not have, with the nearest that it has.
pub fn taken(spec: &Spec, machines: &[String], hypervisor: &str) -> Result<BTreeSet<MachineName>, UnknownName> {
    let named = machines.iter().map(|name| {
        let found = spec.machine(name).map(|m| m.name.clone());
        found.ok_or_else(|| unknown("machine", name, spec.machines.iter().map(|m| m.name.as_str()).collect()))
    });
    let mut all: BTreeSet<MachineName> = named.collect::<Result<_, _>>()?;
    if !hypervisor.is_empty() {
        all.extend(on(spec, hypervisor)?);
    }
    Ok(all)
}

fn on(spec: &Spec, hypervisor: &str) -> Result<BTreeSet<MachineName>, UnknownName> {
    let there = spec.machines.iter().filter(|m| m.hypervisor.as_deref() == Some(hypervisor));
    let there: BTreeSet<MachineName> = there.map(|m| m.name.clone()).collect();
    if there.is_empty() {
        let known = spec.machines.iter().filter_map(|m| m.hypervisor.as_deref()).collect();
        return Err(unknown("hypervisor", hypervisor, known));
    }
    Ok(there)
}

fn unknown(what: &'static str, name: &str, known: BTreeSet<&str>) -> UnknownName {
    let name: String = name.chars().take(64).collect();
    let near = match nearest(&name, &known).as_slice() {
        [] if known.is_empty() => format!(": the spec names no {what}"),
        [] => format!(": known are {}", known.into_iter().collect::<Vec<_>>().join(", ")),
        near => format!("; did you mean {}?", near.join(" or ")),
    };
    UnknownName { what, name, near }
}

/// Known names that `name` was probably meant to be, nearest first.
fn nearest<'k>(name: &str, known: &BTreeSet<&'k str>) -> Vec<&'k str> {
    let lower = name.to_lowercase();
    let distances = known.iter().map(|k| (strsim::damerau_levenshtein(&lower, &k.to_lowercase()), *k));
    let mut near: Vec<_> = distances.filter(|(distance, k)| *distance <= 1 + k.len() / 4).collect();
    near.sort_unstable();
    near.into_iter().take(SUGGESTED).map(|(_, k)| k).collect()
}
