//! What the state alone says of machines on their way out: which steps are still wanted, and who has a replica to give up.

use std::net::IpAddr;

use super::{CoordinatorRecord, MachineRecord, Place, State, StepRecord};
use crate::id::{CoordinatorId, MachineId};
use crate::spec::{Problem, Spec, check_change};
use crate::step::{Action, Status, Step};

impl State {
    /// Whether a step that nobody has begun is still wanted: a machine that is to leave is cleaned and nothing else, one
    /// that stays is never cleaned, and only a node that is to leave is drained or removed.
    pub fn still_wants(&self, step: &Step) -> bool {
        let Some(record) = self.machines.get(&step.machine) else { return false };
        let cleans = matches!(step.action, Action::Reset(_));
        let placed = match &record.place {
            Place::Assigned { name, .. } => *name == step.name && !cleans,
            Place::Leaving { name, .. } => *name == step.name && cleans,
            Place::Unknown | Place::Bound { .. } | Place::Ambiguous { .. } | Place::Gone => false,
        };
        placed && step.action.retires().is_none_or(|node| self.is_leaving(node))
    }

    fn is_leaving(&self, node: &str) -> bool {
        self.machines.values().any(|m| matches!(&m.place, Place::Leaving { name, .. } if name.as_str() == node))
    }

    /// Whether the machine's last step was to clean itself, and it did.
    pub fn is_clean(&self, id: &MachineId) -> bool {
        let begun = self.journal.values().filter(|r| r.step.machine == *id && has_begun(r));
        let cleans = |r: &StepRecord| matches!(r.step.action, Action::Reset(_));
        let last = begun.max_by_key(|r| (r.index, cleans(r)));
        last.is_some_and(|r| cleans(r) && matches!(r.status, Status::Confirmed { .. }))
    }

    /// Machines on their way out that have cleaned themselves: they can be forgotten.
    pub fn cleaned(&self) -> Vec<MachineId> {
        let leaving = self.machines.iter().filter(|(_, m)| matches!(m.place, Place::Leaving { .. }));
        leaving.map(|(id, _)| id).filter(|id| self.is_clean(id)).cloned().collect()
    }

    /// Why `spec` may not name a machine that is on its way out. Once its retirement has begun there is no way back: it
    /// may be a node no more, or half cleaned. It goes, and may then join anew.
    pub fn refuse_return(&self, spec: &Spec) -> Option<String> {
        let named = |record: &MachineRecord| match &record.place {
            Place::Leaving { name, .. } => spec.machine(name.as_str()),
            Place::Unknown | Place::Bound { .. } | Place::Assigned { .. } | Place::Ambiguous { .. } | Place::Gone => {
                None
            }
        };
        let back = self.machines.iter().filter_map(|(id, record)| Some((id, record, named(record)?)));
        let mut begun = back.filter(|(id, record, machine)| {
            self.journal
                .values()
                .any(|r| has_begun(r) && retires(r, (id, machine.name.as_str())) && r.adopted >= record.at)
        });
        begun.next().map(|(_, _, machine)| {
            format!(
                "{0} is on its way out and cannot be named again before it is gone: wait until `hactl node list` shows it no \
                 more (`hactl node remove {0}` again forgets it if its agent stays silent), then let it join anew",
                machine.name
            )
        })
    }

    /// Everything in `new` that cannot follow on the spec in force. Before a cluster is begun its version is only a wish.
    pub fn check_change(&self, new: &Spec) -> Vec<Problem> {
        let Some(record) = &self.spec else { return Vec::new() };
        let init = |r: &StepRecord| matches!(r.step.action, Action::ControlPlaneInit(_)) && has_begun(r);
        let begun = self.journal.values().any(init);
        let counts = |p: &Problem| begun || p.path != "kubernetes.version";
        check_change(&record.spec, new).into_iter().filter(counts).collect()
    }

    /// The enrolled machine that a replica runs on, as far as its address tells; one that is gone only if no other fits.
    pub fn machine_of(&self, replica: &CoordinatorRecord) -> Option<(&MachineId, &MachineRecord)> {
        let address = replica.host.parse::<IpAddr>().ok();
        let here = |id: &MachineId, record: &MachineRecord| {
            replica.machine.as_ref() == Some(id) || address.is_some_and(|a| record.facts.addresses.contains(&a))
        };
        let fitting = self.machines.iter().filter(|(id, record)| here(id, record));
        fitting.max_by_key(|(_, record)| (record.place != Place::Gone, record.at))
    }

    /// The replica on a machine, while it belongs to the coordinators' group.
    pub fn replica_on(&self, id: &MachineId) -> Option<CoordinatorId> {
        let mut live = self.coordinators.iter().filter(|(_, c)| !c.removed);
        live.find(|(_, c)| self.machine_of(c).is_some_and(|(on, _)| on == id)).map(|(replica, _)| *replica)
    }
}

fn has_begun(record: &StepRecord) -> bool {
    !matches!(record.status, Status::Adopted { .. } | Status::Cancelled { .. })
}

fn retires(record: &StepRecord, (id, name): (&MachineId, &str)) -> bool {
    let cleans = matches!(record.step.action, Action::Reset(_)) && record.step.machine == *id;
    cleans || record.step.action.retires() == Some(name)
}
