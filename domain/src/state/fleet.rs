//! Enrolled machines, and which machine of the spec each of them is.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::State;
use crate::id::{MachineId, MachineName, Time};
use crate::report::Facts;
use crate::spec::{Role, Spec};

/// An enrolled machine. Enrolment is not admission: it does nothing until the spec names it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MachineRecord {
    /// When it enrolled.
    pub at: Time,
    /// Name given by hand at the join.
    pub name: Option<MachineName>,
    /// What it last said of itself.
    pub facts: Facts,
    /// Which machine of the spec it is.
    pub place: Place,
}

/// Which machine of the spec an enrolled machine is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "place", rename_all = "kebab-case")]
pub enum Place {
    /// The spec names no such machine.
    Unknown,
    /// The spec names no such machine with the role that its join string is for.
    Bound {
        /// That role.
        role: Role,
    },
    /// It is this one.
    Assigned {
        /// Name in the spec.
        name: MachineName,
        /// Role in the spec.
        role: Role,
    },
    /// More than one enrolled machine fits: a person decides.
    Ambiguous {
        /// What fits what.
        why: String,
    },
    /// The spec does not name it any more: it is being retired.
    Leaving {
        /// The name it had.
        name: MachineName,
        /// The role it had.
        role: Role,
    },
    /// Retired and cleaned, or replaced by a newer enrolment of the same machine.
    Gone,
}

impl MachineRecord {
    /// Name in the spec, while it has or had one.
    pub fn spec_name(&self) -> Option<&MachineName> {
        match &self.place {
            Place::Assigned { name, .. } | Place::Leaving { name, .. } => Some(name),
            Place::Unknown | Place::Bound { .. } | Place::Ambiguous { .. } | Place::Gone => None,
        }
    }

    fn fits(&self, machine: &crate::spec::Machine) -> bool {
        if matches!(self.place, Place::Bound { role } if role != machine.role) {
            return false;
        }
        match &self.name {
            Some(name) => *name == machine.name,
            None => self.facts.addresses.contains(&machine.address),
        }
    }
}

impl State {
    /// The enrolled machine that is `name` in the spec.
    pub fn placed(&self, name: &MachineName) -> Option<(&MachineId, &MachineRecord)> {
        let is = |place: &Place| matches!(place, Place::Assigned { name: other, .. } if other == name);
        self.machines.iter().find(|(_, record)| is(&record.place))
    }
}

/// Gives every enrolled machine its place in `spec`: by the name it was joined with, else by address. Who has a place keeps it.
pub fn assign(machines: &mut BTreeMap<MachineId, MachineRecord>, spec: &Spec) {
    for (id, place) in places(machines, spec) {
        if let Some(record) = machines.get_mut(&id) {
            record.place = place;
        }
    }
}

fn places(machines: &BTreeMap<MachineId, MachineRecord>, spec: &Spec) -> Vec<(MachineId, Place)> {
    let live = || machines.iter().filter(|(_, r)| r.place != Place::Gone);
    live().map(|(id, record)| (id.clone(), place_of(id, record, machines, spec))).collect()
}

fn place_of(id: &MachineId, record: &MachineRecord, all: &BTreeMap<MachineId, MachineRecord>, spec: &Spec) -> Place {
    let kept = record.spec_name().and_then(|name| spec.machines.iter().find(|m| m.name == *name));
    if let Some(machine) = kept {
        return Place::Assigned { name: machine.name.clone(), role: machine.role };
    }
    if let Place::Assigned { name, role } | Place::Leaving { name, role } = &record.place {
        return Place::Leaving { name: name.clone(), role: *role };
    }
    let fitting: Vec<_> = spec.machines.iter().filter(|m| record.fits(m)).collect();
    let [machine] = fitting.as_slice() else {
        let names: Vec<_> = fitting.iter().map(|m| m.name.as_str()).collect();
        return match (&record.place, fitting.is_empty()) {
            // The binding is kept until it has done its work.
            (Place::Bound { role }, _) => Place::Bound { role: *role },
            (_, true) => Place::Unknown,
            (_, false) => {
                Place::Ambiguous { why: format!("it has the addresses of {}: join it with --name", names.join(", ")) }
            }
        };
    };
    let rival = all.iter().find(|(other, r)| {
        *other != id
            && r.place != Place::Gone
            && (r.spec_name() == Some(&machine.name) || (r.spec_name().is_none() && r.fits(machine)))
    });
    match (rival, &record.place) {
        (None, _) => Place::Assigned { name: machine.name.clone(), role: machine.role },
        (Some(_), Place::Bound { role }) => Place::Bound { role: *role },
        (Some((other, _)), _) => {
            Place::Ambiguous { why: format!("{other} is or fits {} too: remove one of them", machine.name) }
        }
    }
}
