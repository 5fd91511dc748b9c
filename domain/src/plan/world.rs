//! The planner's view of the site: the spec beside what is known of each of its machines.

use std::collections::{BTreeMap, BTreeSet};

use super::{Input, turns};
use crate::catalog::{Arch, Catalog, Components};
use crate::health::Sightings;
use crate::id::{Digest, MachineId, MachineName, Time};
use crate::report::Report;
use crate::spec::{Machine, Proxy, Role, Spec};
use crate::state::{Place, State, StepRecord};
use crate::step::{Action, Component, Source, Status, Step, StepId};

/// What agents last said, by machine.
pub type Observed = BTreeMap<MachineId, Seen>;

/// One agent's last word.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Seen {
    /// Its report.
    pub report: Report,
    /// Whether its stream is open.
    pub connected: bool,
    /// When it was last heard.
    pub heard: Time,
    /// What peers saw of the machine since it fell silent.
    pub sightings: Sightings,
}

/// The site, as wanted and as known.
#[derive(Debug)]
pub struct World<'a> {
    /// The planner's instant.
    pub now: Time,
    /// What is wanted.
    pub spec: &'a Spec,
    /// What can be installed.
    pub catalog: &'a Catalog,
    /// What is replicated.
    pub state: &'a State,
    observed: &'a Observed,
    places: BTreeMap<&'a MachineName, &'a MachineId>,
    /// Digests that earlier concerns want.
    wanted: BTreeMap<(MachineName, Component), Digest>,
    settled: BTreeSet<(MachineName, Component)>,
    waiting: BTreeSet<MachineName>,
    /// The step, proposed by an earlier concern, that will change the membership of etcd.
    proposed: Option<StepId>,
}

impl<'a> World<'a> {
    /// The world of `input`; `None` where no spec was applied yet.
    pub fn new(input: &Input<'a>) -> Option<Self> {
        let record = input.state.spec.as_ref()?;
        // Those that leave too: they are cleaned by their own agents. A name belongs to one of both.
        let places = input.state.machines.iter().filter_map(|(id, m)| match &m.place {
            Place::Assigned { name, .. } | Place::Leaving { name, .. } => Some((name, id)),
            Place::Unknown | Place::Bound { .. } | Place::Ambiguous { .. } | Place::Gone => None,
        });
        let mut world = Self {
            now: input.now,
            spec: &record.spec,
            catalog: &record.catalog,
            state: input.state,
            observed: input.observed,
            places: places.collect(),
            wanted: BTreeMap::new(),
            settled: BTreeSet::new(),
            waiting: BTreeSet::new(),
            proposed: None,
        };
        world.waiting = turns::waiting(&world);
        Some(world)
    }

    /// Whether a machine waits for its turn to be prepared.
    pub(super) fn waits_for_its_turn(&self, name: &MachineName) -> bool {
        self.waiting.contains(name)
    }

    /// The enrolled machine that is `name` in the spec, or was until it had to leave.
    pub fn id(&self, name: &MachineName) -> Option<&'a MachineId> {
        self.places.get(name).copied()
    }

    /// What its agent last said, if anything yet.
    pub fn seen(&self, name: &MachineName) -> Option<&'a Seen> {
        self.id(name).and_then(|id| self.observed.get(id))
    }

    /// Its report, if it ever came.
    pub fn report(&self, name: &MachineName) -> Option<&'a Report> {
        self.seen(name).map(|s| &s.report)
    }

    /// Whether its agent's stream is open.
    pub fn connected(&self, name: &MachineName) -> bool {
        self.seen(name).is_some_and(|s| s.connected)
    }

    /// What the agent of an enrolled machine last said.
    pub fn seen_by_id(&self, id: &MachineId) -> Option<&'a Seen> {
        self.observed.get(id)
    }

    /// Remembers a step that is about to be adopted.
    pub(super) fn note_proposed(&mut self, step: &Step) {
        if step.action.changes_membership() {
            self.proposed = Some(step.id.clone());
        }
    }

    /// What changes the membership of etcd already, in words: only one machine at a time may.
    pub(super) fn membership_changes(&self) -> Option<String> {
        let changes = |r: &&StepRecord| r.status.in_flight() && r.step.action.changes_membership();
        let running =
            self.state.journal.values().find(changes).map(|r| format!("{} is {}", r.step.id, r.status.word()));
        running.or_else(|| self.proposed.as_ref().map(|id| format!("{id} is next")))
    }

    /// Remembers what is wanted of a component, and whether it is so.
    pub(super) fn settle(&mut self, name: &MachineName, action: &Action, done: bool) {
        let key = (name.clone(), action.component());
        if done {
            self.settled.insert(key.clone());
        }
        self.wanted.insert(key, action.digest());
    }

    /// Whether a component is as an earlier concern wants it.
    pub fn is_settled(&self, name: &MachineName, component: Component) -> bool {
        self.settled.contains(&(name.clone(), component))
    }

    /// Whether a component was ever brought to a wanted state, whichever it was, and still is in it.
    pub fn is_converged(&self, name: &MachineName, component: Component) -> bool {
        let found = self.report(name).and_then(|r| r.components.get(&component));
        found.is_some_and(|c| c.state == crate::report::ComponentState::Converged)
    }

    /// The machine's architecture; amd64 until it told.
    pub fn arch(&self, name: &MachineName) -> Arch {
        match self.report(name).map(|r| r.facts.arch.as_str()) {
            Some("arm64") => Arch::Arm64,
            _ => Arch::Amd64,
        }
    }

    /// Where artifacts come from.
    pub fn source(&self) -> Source {
        let (artifacts, network) = (&self.spec.artifacts, &self.spec.kubernetes);
        let without = |p: &Proxy| {
            let subnets = [network.pod_subnet.to_string(), network.service_subnet.to_string()];
            p.no_proxy.iter().map(ToString::to_string).chain(subnets).collect()
        };
        Source {
            mirror: artifacts.mirror.as_ref().map(|u| u.as_str().to_owned()),
            proxy: artifacts.proxy.as_ref().map(|p| p.url.as_str().to_owned()),
            no_proxy: artifacts.proxy.as_ref().map(without).unwrap_or_default(),
            offline: artifacts.offline,
        }
    }

    /// The parts that belong to the wanted Kubernetes, or why they are not known.
    pub fn components(&self) -> Result<Components, String> {
        self.catalog.components_for(&self.spec.kubernetes.version).map_err(|e| e.to_string())
    }

    /// Control planes that are nodes now, in the spec's order.
    pub fn working_control_planes(&self) -> Vec<&'a Machine> {
        self.spec.machines_with(Role::ControlPlane).filter(|m| self.is_converged(&m.name, Component::Node)).collect()
    }

    /// The control plane on which the cluster was begun, whether that ended or not: it can never be begun on another. What
    /// never came to an end on a machine that is gone by now was no beginning.
    pub fn begun_on(&self) -> Option<&MachineName> {
        let gone = |r: &StepRecord| self.state.machines.get(&r.step.machine).is_none_or(|m| m.place == Place::Gone);
        let begun =
            self.beginnings().filter(|r| !matches!(r.status, Status::Adopted { .. } | Status::Cancelled { .. }));
        let begun = begun.filter(|r| is_confirmed(r) || !gone(r));
        begun.max_by_key(|r| (is_confirmed(r), r.index)).map(|r| &r.step.name)
    }

    /// Whether there is a cluster.
    pub fn is_begun(&self) -> bool {
        self.beginnings().any(is_confirmed) || !self.working_control_planes().is_empty()
    }

    fn beginnings(&self) -> impl Iterator<Item = &'a StepRecord> {
        self.state.journal.values().filter(|r| matches!(r.step.action, Action::ControlPlaneInit(_)))
    }

    /// The cluster CA's pin, as any control plane told it.
    pub fn ca_pin(&self) -> Option<Digest> {
        let control_planes = self.spec.machines_with(Role::ControlPlane);
        let mut pins = control_planes.filter_map(|m| self.report(&m.name)?.fact(Component::Node, "ca-pin"));
        pins.next().and_then(|pin| Digest::try_from(pin.to_owned()).ok())
    }
}

fn is_confirmed(record: &StepRecord) -> bool {
    matches!(record.status, Status::Confirmed { .. })
}
