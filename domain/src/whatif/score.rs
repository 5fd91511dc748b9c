//! The single points of failure: every machine and every hypervisor of the spec taken away alone, worst first.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{Absent, After, DataLoss, LayerKind, LayerLoss, Verdict, after, scene};
use crate::id::{MachineName, Time};
use crate::plan::{Input, World};
use crate::spec::{Role, Spec};

/// A layer that does not serve any more.
const LOST: u32 = 10;
/// Data that has no other copy.
const DATA: u32 = 5;
/// Users who wait until a replica was started elsewhere.
const INTERRUPTED: u32 = 3;
/// A layer that serves with less.
const DEGRADED: u32 = 1;

/// What each loss alone would cost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Score {
    /// The site's name.
    pub site: String,
    /// Machines of the spec that count as lost already.
    pub absent: Vec<Absent>,
    /// Layers that are lost already, before anything is taken away.
    pub lost_already: Vec<LayerKind>,
    /// How many machines are single points of failure: their loss alone costs a layer or data.
    pub points: usize,
    /// Every machine and every hypervisor, worst first; of equal ones as in the spec, machines first.
    pub losses: Vec<SingleLoss>,
    /// The instant this was computed for.
    pub now: Time,
}

/// What is taken away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "taken", rename_all = "kebab-case")]
pub enum Taken {
    /// A machine.
    Machine {
        /// What it is for.
        role: Role,
    },
    /// A hypervisor.
    Hypervisor {
        /// The machines on it.
        machines: Vec<MachineName>,
    },
}

/// What one loss costs, beside what is lost already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SingleLoss {
    /// The name of the machine or the hypervisor.
    pub name: String,
    /// Which of them.
    #[serde(flatten)]
    pub what: Taken,
    /// 10 for each layer lost, 5 for data without a copy, 3 if Joget is interrupted, 1 for each layer degraded.
    pub score: u32,
    /// Layers that are lost with it.
    pub lost: Vec<LayerKind>,
    /// Layers that serve with less.
    pub degraded: Vec<LayerKind>,
    /// Whether users wait until Joget was started elsewhere.
    pub interrupts: bool,
    /// Data that is gone if it never returns.
    pub data: Vec<DataLoss>,
    /// Whether nothing of it is there now, so that it can cost no more.
    pub absent: bool,
}

impl SingleLoss {
    /// Whether its loss alone costs a layer or data.
    pub fn is_point_of_failure(&self) -> bool {
        !self.lost.is_empty() || !self.data.is_empty()
    }
}

/// The score of the whole site; `None` where no spec was applied yet.
pub fn score(input: &Input<'_>) -> Option<Score> {
    let world = World::new(input)?;
    let now = after(input, &world, &BTreeSet::new());
    let mut losses: Vec<SingleLoss> =
        candidates(world.spec).into_iter().map(|(name, what)| single(input, &world, &now, (name, what))).collect();
    losses.sort_by_key(|l| std::cmp::Reverse(l.score));
    let is_machine = |l: &&SingleLoss| matches!(l.what, Taken::Machine { .. });
    Some(Score {
        site: world.spec.name.to_string(),
        absent: scene::absent(&world),
        lost_already: now.layers.iter().filter(|l| l.verdict == Verdict::Lost).map(|l| l.layer).collect(),
        points: losses.iter().filter(is_machine).filter(|l| l.is_point_of_failure()).count(),
        losses,
        now: input.now,
    })
}

fn candidates(spec: &Spec) -> Vec<(String, Taken)> {
    let machines = spec.machines.iter().map(|m| (m.name.to_string(), Taken::Machine { role: m.role }));
    let mut hypervisors: BTreeMap<&str, Vec<MachineName>> = BTreeMap::new();
    for machine in &spec.machines {
        if let Some(hypervisor) = &machine.hypervisor {
            hypervisors.entry(hypervisor).or_default().push(machine.name.clone());
        }
    }
    let hypervisors = hypervisors.into_iter().map(|(name, machines)| (name.to_owned(), Taken::Hypervisor { machines }));
    machines.chain(hypervisors).collect()
}

fn single(input: &Input<'_>, world: &World<'_>, now: &After, (name, what): (String, Taken)) -> SingleLoss {
    let lost: BTreeSet<MachineName> = match &what {
        Taken::Machine { .. } => MachineName::new(&name).into_iter().collect(),
        Taken::Hypervisor { machines } => machines.iter().cloned().collect(),
    };
    let then = after(input, world, &lost);
    let mut loss = SingleLoss {
        absent: !lost.iter().any(|n| scene::is_here(world, n)),
        name,
        what,
        score: 0,
        lost: changed(now, &then, is_lost),
        degraded: changed(now, &then, is_degraded),
        interrupts: then.joget.interrupts() && !now.joget.interrupts(),
        data: then.data.into_iter().filter(|d| !now.data.iter().any(|n| n.layer == d.layer)).collect(),
    };
    loss.score = points(&loss);
    loss
}

fn changed(now: &After, then: &After, is: fn(&LayerLoss, &LayerLoss) -> bool) -> Vec<LayerKind> {
    now.layers.iter().zip(&then.layers).filter(|(now, then)| is(now, then)).map(|(_, then)| then.layer).collect()
}

fn is_lost(now: &LayerLoss, then: &LayerLoss) -> bool {
    then.verdict == Verdict::Lost && now.verdict != Verdict::Lost
}

/// Less of it than now, though it was degraded already.
fn is_degraded(now: &LayerLoss, then: &LayerLoss) -> bool {
    then.verdict == Verdict::Degraded && (now.verdict == Verdict::Holds || then.left.len() < now.left.len())
}

fn points(loss: &SingleLoss) -> u32 {
    let times = |n: usize, each: u32| u32::try_from(n).unwrap_or(u32::MAX).saturating_mul(each);
    let interrupted = if loss.interrupts { INTERRUPTED } else { 0 };
    let layers = times(loss.lost.len(), LOST).saturating_add(times(loss.degraded.len(), DEGRADED));
    layers.saturating_add(times(loss.data.len(), DATA)).saturating_add(interrupted)
}
