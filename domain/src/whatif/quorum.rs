//! Votes: who must agree, and who of them is there after an act. Knows nothing of what the act is.
//!
//! Strict, since acts are gated with it: a voter counts as healthy only where it is heard and said to be well. With doubt
//! there are fewer votes, and the act waits.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::{scene, told};
use crate::id::{CoordinatorId, MachineName};
use crate::plan::{Input, World};
use crate::report::ComponentState;
use crate::spec::{quorum, tolerates};
use crate::state::CoordinatorRecord;
use crate::step::Component;

/// A group whose majority must agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuorumGroup {
    /// The coordinators.
    Coordinators,
    /// etcd.
    Etcd,
}

/// The votes of a group after an act. A learner is in none of these numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Votes {
    /// Who has a vote, there or not.
    pub voters: usize,
    /// Voters that are there and well.
    pub healthy_after: usize,
    /// How many of the voters must agree.
    pub quorum: usize,
}

impl Votes {
    /// Whether the group can still agree.
    pub fn keeps(self) -> bool {
        self.voters > 0 && self.healthy_after >= self.quorum
    }

    /// How many more healthy voters may be lost with the rest still agreeing.
    pub fn tolerates(self) -> usize {
        self.healthy_after.saturating_sub(self.quorum)
    }

    /// Whether fewer failures are tolerated than with every voter there.
    pub fn is_reduced(self) -> bool {
        self.tolerates() < tolerates(self.voters)
    }
}

/// One who has a vote.
#[derive(Debug, Clone)]
pub(super) struct Voter {
    /// Its name in the spec, or how the group calls one that has none.
    pub(super) name: String,
    /// Whether its machine is heard now.
    pub(super) here: bool,
    /// Whether it is said to be well.
    pub(super) well: bool,
}

/// Who has a vote now.
#[derive(Debug, Clone, Default)]
pub(super) struct Group {
    pub(super) voters: Vec<Voter>,
    /// Members without a vote.
    pub(super) learners: usize,
    /// Whether the members are known; otherwise they are those that the spec wants.
    pub(super) told: bool,
}

impl Group {
    /// The votes when `lost` are not there.
    pub(super) fn votes(&self, lost: &BTreeSet<MachineName>) -> Votes {
        let there = |v: &&Voter| v.here && v.well && !is_in(lost, &v.name);
        let (voters, healthy_after) = (self.voters.len(), self.voters.iter().filter(there).count());
        Votes { voters, healthy_after, quorum: quorum(voters) }
    }
}

fn is_in(names: &BTreeSet<MachineName>, name: &str) -> bool {
    names.iter().any(|n| n.as_str() == name)
}

/// The votes of a group when the machines `lost` are not there any more but keep their votes: they were switched off,
/// restarted, or died.
pub fn quorum_after(group: QuorumGroup, input: &Input<'_>, lost: &BTreeSet<MachineName>) -> Votes {
    of(group, input).votes(lost)
}

/// The votes of a group when the machines `removed` have been taken out of it: neither voters nor healthy any more.
pub fn quorum_after_removal(group: QuorumGroup, input: &Input<'_>, removed: &BTreeSet<MachineName>) -> Votes {
    let mut group = of(group, input);
    group.voters.retain(|v| !is_in(removed, &v.name));
    group.votes(&BTreeSet::new())
}

pub(super) fn of(group: QuorumGroup, input: &Input<'_>) -> Group {
    match group {
        QuorumGroup::Coordinators => coordinators(input),
        QuorumGroup::Etcd => World::new(input).map(|world| etcd(&world)).unwrap_or_default(),
    }
}

/// Admitted replicas. One that is still being installed has no vote yet, but it is about to, and it counts as not well:
/// both on the safe side.
fn coordinators(input: &Input<'_>) -> Group {
    let live = input.state.coordinators.iter().filter(|(_, c)| !c.removed);
    Group { voters: live.map(|(id, c)| replica(input, *id, c)).collect(), learners: 0, told: true }
}

fn replica(input: &Input<'_>, id: CoordinatorId, record: &CoordinatorRecord) -> Voter {
    let machine = input.state.machine_of(record);
    let seen = machine.and_then(|(on, _)| input.observed.get(on));
    let component = seen.and_then(|s| s.report.components.get(&Component::Coordinator));
    let name = machine.and_then(|(_, m)| m.spec_name()).map_or_else(|| record.host.clone(), ToString::to_string);
    // No agent installed the first one, so none looks after it.
    let well = component.map_or(id == CoordinatorId::FIRST, |c| c.state == ComponentState::Converged);
    Voter { name, here: scene::is_heard(seen, input.now), well }
}

/// Members that any of them tells of, learners apart; where none tells, the control planes of the spec, none of them well
/// unless it says so itself.
pub(super) fn etcd(world: &World<'_>) -> Group {
    let told = told::etcd(world);
    let names: Vec<String> = match told {
        Some(etcd) => etcd.members.iter().filter(|(_, m)| !m.learner).map(|(name, _)| name.clone()).collect(),
        None => world.spec.control_planes().iter().map(|m| m.name.to_string()).collect(),
    };
    let learners = told.map_or(0, |etcd| etcd.members.len() - names.len());
    Group { voters: names.into_iter().map(|name| member(world, name)).collect(), learners, told: told.is_some() }
}

fn member(world: &World<'_>, name: String) -> Voter {
    let machine = MachineName::new(&name).ok();
    let here = machine.as_ref().is_some_and(|m| scene::is_here(world, m));
    let report = machine.and_then(|m| world.report(&m)?.kubernetes.as_ref()?.etcd.as_ref());
    Voter { name, here, well: report.is_some_and(|e| e.healthy) }
}
