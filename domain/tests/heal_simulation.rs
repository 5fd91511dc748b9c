//! Sites in virtual time: machines die, are cut off, come and go by chance, while the leader watches, notes and decides as the
//! real one does. Whatever happens, nothing is done that should not be. `HA_SEEDS=100000` runs more of them.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a simulation that cannot go on must fail")]

use std::collections::{BTreeMap, BTreeSet};

use ha_domain::catalog::Catalog;
use ha_domain::heal::{Act, Fate, outlooks, proposals};
use ha_domain::health::{CONFIRM_MS, SILENT_MS, WARM_MS, questions, sighted, transitions};
use ha_domain::id::{ClusterName, Digest, MachineId, MachineName, Time};
use ha_domain::plan::{Input, Observed};
use ha_domain::report::Facts;
use ha_domain::spec::{Role, quorum};
use ha_domain::state::{Command, Entry, MachineRecord, Mesh, Place, SpecRecord, State, StepRecord, assign};
use ha_domain::step::{Action, Keepalived, NodeIdentity, Status, Step, StepId, WorkerJoin};

const SITE: &str = "
version: 1
name: acme
machines:
- {name: lb1, role: load-balancer, address: 10.0.0.11}
- {name: lb2, role: load-balancer, address: 10.0.0.12}
- {name: m1, role: control-plane, address: 10.0.0.21}
- {name: m2, role: control-plane, address: 10.0.0.22}
- {name: m3, role: control-plane, address: 10.0.0.23}
- {name: w1, role: worker, address: 10.0.0.31}
- {name: w2, role: worker, address: 10.0.0.32}
- {name: db1, role: database, address: 10.0.0.41}
- {name: s1, role: spare, address: 10.0.0.51}
- {name: s2, role: spare, address: 10.0.0.52}
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
policy: {healing: auto, removeAfter: 30s, vetoWindow: 5s, budgets: {perHour: 4, coolDown: 10s}}
";

const REMOVE_AFTER_MS: u64 = 30_000;
const TICK_MS: u64 = 1_000;

/// Small and good enough: the same seed is the same story.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
    fn one_in(&mut self, n: u64) -> bool {
        self.next().is_multiple_of(n)
    }
    fn pick<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        let n = usize::try_from(self.next() % all.len() as u64).unwrap();
        &all[n]
    }
}

/// How a machine really is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Truth {
    Well,
    /// No power.
    Off,
    /// Nobody reaches it, and it reaches nobody: its work goes on.
    Cut,
    /// Only the way to the leader is cut.
    CutFromLeader,
    /// The machine works, its agent does not.
    Mute,
}

impl Truth {
    fn is_heard(self) -> bool {
        self == Self::Well
    }
    fn is_reached(self) -> bool {
        matches!(self, Self::Well | Self::CutFromLeader | Self::Mute)
    }
}

struct Site {
    state: State,
    observed: Observed,
    now: Time,
    since: Time,
    truth: BTreeMap<MachineId, Truth>,
    /// Since when nobody has reached it.
    lost: BTreeMap<MachineId, Time>,
    /// How long it had been lost when it was reached again, and when that was.
    found: BTreeMap<MachineId, (u64, Time)>,
    /// Spares that will have taken their place at that time.
    joining: BTreeMap<MachineName, Time>,
    noted: BTreeSet<u64>,
}

impl Site {
    fn new() -> Self {
        let (spec, _) = ha_domain::spec::read(SITE, &Catalog::built_in()).unwrap();
        let mesh = Mesh {
            cluster: ClusterName::new("ha-test").unwrap(),
            lineage: 1,
            ca_pem: String::new(),
            ca_key_sealed: String::new(),
            pin: Digest::of(b"pin"),
            package: None,
        };
        let mut state = State { mesh: Some(mesh), ..State::default() };
        for machine in &spec.machines {
            let facts = Facts { addresses: vec![machine.address], cpus: 4, memory_mib: 8192, ..Facts::default() };
            let record = MachineRecord { at: Time(1), name: None, facts, place: Place::Unknown };
            state.machines.insert(MachineId::new(&format!("n-{}", machine.name)).unwrap(), record);
        }
        assign(&mut state.machines, &spec);
        let text = SITE.to_owned();
        let catalog = Catalog::built_in();
        let truth = state.machines.keys().map(|id| (id.clone(), Truth::Well)).collect();
        state.spec = Some(SpecRecord { generation: 1, at: Time(1), by: "t".into(), text, spec, catalog });
        let now = Time(1_000_000_000);
        Self {
            state,
            observed: Observed::new(),
            now,
            since: now,
            truth,
            lost: BTreeMap::new(),
            found: BTreeMap::new(),
            joining: BTreeMap::new(),
            noted: BTreeSet::new(),
        }
    }

    fn become_(&mut self, id: &MachineId, truth: Truth) {
        self.truth.insert(id.clone(), truth);
        if truth.is_reached() {
            if let Some(since) = self.lost.remove(id) {
                self.found.insert(id.clone(), (self.now.ms_since(since), self.now));
            }
        } else {
            self.lost.entry(id.clone()).or_insert(self.now);
        }
    }

    fn input(&self) -> Input<'_> {
        Input { now: self.now, state: &self.state, observed: &self.observed }
    }

    /// One second: who can, speaks; peers answer; the leader notes, decides, and carries out.
    fn tick(&mut self) {
        self.now = self.now.plus_ms(TICK_MS);
        for (id, truth) in &self.truth {
            let seen = self.observed.entry(id.clone()).or_default();
            seen.connected = truth.is_heard();
            if truth.is_heard() {
                seen.heard = self.now;
                seen.sightings.clear();
            }
        }
        for question in questions(&self.input(), self.since) {
            let reachable = self.truth[&question.about].is_reached() && self.truth[&question.peer].is_reached();
            let sightings = &mut self.observed.get_mut(&question.about).unwrap().sightings;
            sighted(sightings, question.peer_name, (reachable, String::new()), self.now);
        }
        for change in transitions(&self.input(), self.since) {
            let (machine, condition, evidence) = (change.machine, change.condition, change.evidence);
            self.apply(Command::NoteHealth { machine, condition, evidence });
        }
        if self.now.ms_since(self.since) >= WARM_MS {
            self.heal();
        }
        self.join();
    }

    fn apply(&mut self, command: Command) {
        let index = self.state.index + 1;
        // A refusal is the reducer's right.
        let _ = self.state.apply(index, &Entry { at: self.now, by: "leader".into(), key: None, command }, b"entry");
    }

    fn heal(&mut self) {
        for _ in 0..10 {
            let due = proposals(&self.state, self.now);
            if due.is_empty() {
                return;
            }
            for command in due {
                let before = self.state.clone();
                self.apply(command);
                self.judge(&before);
            }
        }
        panic!("healing does not come to rest: {:?}", proposals(&self.state, self.now));
    }

    /// A spare that was given a place takes some time to be at work there.
    fn join(&mut self) {
        let ready: Vec<_> = self.joining.iter().filter(|(_, at)| **at <= self.now).map(|(n, _)| n.clone()).collect();
        for name in ready {
            self.joining.remove(&name);
            let (id, _) = self.state.machines.iter().find(|(_, m)| m.spec_name() == Some(&name)).unwrap();
            let record = at_work(&self.state, (id, &name), self.now);
            self.state.journal.insert(record.step.id.clone(), record);
        }
    }

    /// What must hold of every act that was just done.
    fn judge(&mut self, before: &State) {
        let done: Vec<_> =
            self.state.healing.decisions.iter().filter(|d| matches!(d.fate, Fate::Done { .. })).cloned().collect();
        let hour = done.iter().filter(|d| matches!(d.fate, Fate::Done { at } if self.now.ms_since(at) < 3_600_000));
        assert!(hour.count() <= 4, "more acts than the budget allows");
        for decision in done.iter().filter(|d| self.noted.insert(d.number)).collect::<Vec<_>>() {
            match &decision.act {
                Act::Evacuate { machine } => self.was_lost(before, machine, CONFIRM_MS),
                Act::Replace { machine, spare } => {
                    self.was_lost(before, machine, REMOVE_AFTER_MS);
                    self.keeps_quorum(before, machine);
                    assert!(self.joining.is_empty(), "{machine} and {:?} at once", self.joining);
                    let delay = 20_000 + decision.number % 7 * 10_000;
                    self.joining.insert(spare.clone(), self.now.plus_ms(delay));
                }
            }
        }
    }

    fn was_lost(&self, before: &State, name: &MachineName, for_ms: u64) {
        let (id, _) = before.machines.iter().find(|(_, m)| m.spec_name() == Some(name)).unwrap();
        let truth = self.truth[id];
        // Nobody can know of the last moments.
        let just = self.found.get(id).filter(|(_, at)| self.now.ms_since(*at) <= 4 * TICK_MS).map_or(0, |(ms, _)| *ms);
        let lost = self.lost.get(id).map_or(just, |since| self.now.ms_since(*since));
        assert!(lost >= for_ms, "{name} is {truth:?} and was lost for {lost} ms only");
    }

    fn keeps_quorum(&self, before: &State, name: &MachineName) {
        let spec = &before.spec.as_ref().unwrap().spec;
        let masters: Vec<_> = spec.machines_with(Role::ControlPlane).filter(|m| m.name != *name).collect();
        if spec.machine(name.as_str()).unwrap().role != Role::ControlPlane {
            return;
        }
        let heard = masters.iter().filter(|m| {
            let (id, _) = before.machines.iter().find(|(_, r)| r.spec_name() == Some(&m.name)).unwrap();
            self.now.ms_since(self.observed[id].heard) < SILENT_MS + TICK_MS
        });
        let (well, needed) = (heard.count(), quorum(masters.len() + 1));
        assert!(well >= needed, "{name} was replaced with {well} others that are well, {needed} are needed");
    }
}

/// The step by which a spare came to work in its place.
fn at_work(state: &State, (id, name): (&MachineId, &MachineName), now: Time) -> StepRecord {
    let role = state.spec.as_ref().unwrap().spec.machine(name.as_str()).unwrap().role;
    let address = [10, 0, 0, 1].into();
    let action = if role == Role::LoadBalancer {
        let (instances, peers, interface) = (vec![], vec![], None);
        Action::Keepalived(Keepalived { instances, address, peers, interface, advert_interval_ms: 200 })
    } else {
        let node = NodeIdentity { name: name.to_string(), address, control_plane: false, endpoint: String::new() };
        let (ca_pin, ignore_preflight) = (Digest::of(b"pin"), vec![]);
        Action::WorkerJoin(WorkerJoin { node, ca_pin, credentials: 1, ignore_preflight })
    };
    let step = Step {
        id: StepId::derive(name, action.component(), &action.digest(), 1),
        machine: id.clone(),
        name: name.clone(),
        action,
        attempt: 1,
        deadline_ms: 1,
        why: String::new(),
    };
    StepRecord { step, status: Status::Confirmed { at: now }, index: state.index + 1, adopted: now, granted: Some(now) }
}

/// Faults by chance, and their ends; the leader changes, or is held up, now and then.
fn disturb(site: &mut Site, chance: &mut Chance) {
    let ids: Vec<_> = site.truth.keys().cloned().collect();
    if chance.one_in(25) {
        let truths = [Truth::Off, Truth::Cut, Truth::CutFromLeader, Truth::Mute];
        let (id, truth) = (chance.pick(&ids).clone(), *chance.pick(&truths));
        site.become_(&id, truth);
    }
    if chance.one_in(12) {
        let id = chance.pick(&ids).clone();
        site.become_(&id, Truth::Well);
    }
    if chance.one_in(60) {
        // A new leader has heard nobody yet; one that was held up has heard nobody meanwhile.
        let held_up = chance.next() % 40_000;
        site.now = site.now.plus_ms(held_up);
        site.since = site.now;
    }
}

fn story(seed: u64) {
    let (mut site, mut chance) = (Site::new(), Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1));
    for _ in 0..300 {
        disturb(&mut site, &mut chance);
        site.tick();
        for outlook in outlooks(&site.state, site.now) {
            assert!(!outlook.text.is_empty(), "{} is ill without a word", outlook.machine);
        }
    }
}

#[test]
fn whatever_happens_nothing_is_done_that_should_not_be() {
    let seeds = std::env::var("HA_SEEDS").ok().and_then(|n| n.parse().ok()).unwrap_or(60);
    for seed in 1..=seeds {
        let told = std::panic::catch_unwind(|| story(seed));
        assert!(told.is_ok(), "seed {seed}: see above");
    }
}

/// So many acts come about over some stories: a simulation in which nothing happens proves nothing.
#[test]
fn much_is_done_all_the_same() {
    let mut acts = (0, 0);
    for seed in 1..=40 {
        let (mut site, mut chance) = (Site::new(), Chance(seed * 7919));
        for _ in 0..300 {
            disturb(&mut site, &mut chance);
            site.tick();
        }
        for (act, _) in site.state.healing.done() {
            if act.is_destructive() { acts.1 += 1 } else { acts.0 += 1 }
        }
    }
    assert!(acts.0 > 10 && acts.1 > 10, "{acts:?}");
}

/// A fault that lasts, and whether anything may be done about it.
fn lasting(truths: &[(&str, Truth)]) -> Vec<String> {
    let mut site = Site::new();
    (0..20).for_each(|_| site.tick());
    for (name, truth) in truths {
        site.become_(&MachineId::new(&format!("n-{name}")).unwrap(), *truth);
    }
    (0..600).for_each(|_| site.tick());
    site.state.healing.done().map(|(act, _)| act.to_string()).collect()
}

#[test]
fn an_agent_that_is_mute_or_cut_from_the_leader_costs_its_machine_nothing() {
    for truth in [Truth::Mute, Truth::CutFromLeader] {
        for name in ["w1", "m2", "lb1"] {
            assert_eq!(lasting(&[(name, truth)]), [""; 0], "{name} {truth:?}");
        }
    }
}

#[test]
fn a_dead_machine_is_replaced_once() {
    assert_eq!(lasting(&[("m2", Truth::Off)]), ["s1 takes the place of m2"]);
    assert_eq!(lasting(&[("w1", Truth::Off)]), ["let the pods of w1 go", "s1 takes the place of w1"]);
}

#[test]
fn two_masters_or_four_machines_that_are_ill_together_are_left_to_a_person() {
    assert_eq!(lasting(&[("m1", Truth::Off), ("m2", Truth::Off)]), [""; 0]);
    let many = ["w1", "w2", "lb1", "s1"].map(|name| (name, Truth::Off));
    assert_eq!(lasting(&many), [""; 0]);
}

#[test]
fn a_machine_that_comes_and_goes_is_left_alone() {
    let mut site = Site::new();
    let id = MachineId::new("n-m2").unwrap();
    for round in 0..40 {
        site.become_(&id, if round % 2 == 0 { Truth::Off } else { Truth::Well });
        (0..20).for_each(|_| site.tick());
    }
    assert_eq!(site.state.healing.done().count(), 0);
}
