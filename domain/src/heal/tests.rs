//! Small states in, decisions out: one row for each gate, and what a site does about each kind of machine.

use super::*;
use crate::catalog::Catalog;
use crate::health::Condition;
use crate::id::{Digest, MachineId, MachineName, Time};
use crate::report::Facts;
use crate::state::{Command, Entry, MachineRecord, Mesh, Outcome, Place, SpecRecord, State, assign};

const SITE: &str = "
version: 1
name: acme
machines:
- {name: lb1, role: load-balancer, address: 10.0.0.11}
- {name: lb2, role: load-balancer, address: 10.0.0.12}
- {name: m1, role: control-plane, address: 10.0.0.21, hypervisor: hv-a}
- {name: m2, role: control-plane, address: 10.0.0.22, hypervisor: hv-b}
- {name: m3, role: control-plane, address: 10.0.0.23, hypervisor: hv-c}
- {name: w1, role: worker, address: 10.0.0.31}
- {name: w2, role: worker, address: 10.0.0.32}
- {name: db1, role: database, address: 10.0.0.41}
- {name: s1, role: spare, address: 10.0.0.51, hypervisor: hv-a}
- {name: s2, role: spare, address: 10.0.0.52, hypervisor: hv-d}
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
policy: POLICY
";

const MINUTE: u64 = 60_000;

struct Site {
    state: State,
    now: Time,
}

impl Site {
    fn new(policy: &str) -> Self {
        let text = SITE.replace("POLICY", policy);
        let (spec, _) = crate::spec::read(&text, &Catalog::built_in()).unwrap();
        let mesh = Mesh {
            cluster: crate::id::ClusterName::new("ha-test").unwrap(),
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
        let catalog = Catalog::built_in();
        state.spec = Some(SpecRecord { generation: 1, at: Time(1), by: "t".into(), text, spec, catalog });
        Self { state, now: Time(1_000_000_000) }
    }

    fn auto() -> Self {
        Self::new("{healing: auto, removeAfter: 30s, vetoWindow: 0s, budgets: {coolDown: 1s}}")
    }

    fn apply(&mut self, command: Command) -> Outcome {
        let index = self.state.index + 1;
        let entry = Entry { at: self.now, by: "ann".to_owned(), key: None, command };
        self.state.apply(index, &entry, b"entry")
    }

    fn becomes(&mut self, name: &str, condition: Condition) {
        let machine = MachineId::new(&format!("n-{name}")).unwrap();
        self.apply(Command::NoteHealth { machine, condition, evidence: vec!["w9 does not reach it".into()] }).unwrap();
    }

    fn dies(&mut self, name: &str) {
        self.becomes(name, Condition::Dead);
    }

    fn pass(&mut self, ms: u64) {
        self.now = self.now.plus_ms(ms);
    }

    /// Lets the leader propose until it has nothing more to say; refusals are the reducer's right.
    fn heal(&mut self) {
        for _ in 0..20 {
            let due = proposals(&self.state, self.now);
            if due.is_empty() {
                return;
            }
            for command in due {
                self.apply(command).unwrap();
            }
        }
        panic!("healing does not come to rest");
    }

    fn acts(&self) -> Vec<String> {
        self.state.healing.done().map(|(act, _)| act.to_string()).collect()
    }

    fn closed(&self, act: &Act) -> Vec<String> {
        gates(&self.state, self.now, act).into_iter().filter(|g| !g.open).map(|g| g.name).collect()
    }
}

fn name(text: &str) -> MachineName {
    MachineName::new(text).unwrap()
}

fn replace(machine: &str, spare: &str) -> Act {
    Act::Replace { machine: name(machine), spare: name(spare) }
}

#[test]
fn a_dead_worker_gives_up_its_pods_at_once_and_its_place_later() {
    let mut site = Site::auto();
    site.dies("w1");
    site.heal();
    assert_eq!(site.acts(), ["let the pods of w1 go"]);
    site.pass(29_000);
    site.heal();
    assert_eq!(site.acts().len(), 1);
    site.pass(1_000);
    site.heal();
    assert_eq!(site.acts(), ["let the pods of w1 go", "s1 takes the place of w1"]);
    let spec = &site.state.spec.as_ref().unwrap().spec;
    assert!(spec.machine("w1").is_none());
    assert_eq!(spec.machine("s1").unwrap().role, crate::spec::Role::Worker);
}

#[test]
fn whoever_bears_the_name_of_a_replaced_machine_later_is_not_evacuated() {
    let mut site = Site::auto();
    site.dies("w1");
    site.heal();
    let until = Some(site.now.plus_ms(100 * MINUTE));
    site.pass(30_000);
    site.heal();
    assert!(site.state.healing.evacuated.is_empty());
    site.apply(Command::SetMaintenance { name: name("w2"), until }).unwrap();
    site.apply(Command::RemoveMachine { name: name("w2"), base: 0 }).unwrap();
    assert!(site.state.healing.maintenance.is_empty());
}

#[test]
fn a_machine_that_returns_in_time_is_not_replaced_and_gets_its_pods_back() {
    let mut site = Site::auto();
    site.dies("w1");
    site.heal();
    assert!(site.state.healing.evacuated.contains(&name("w1")));
    site.pass(20_000);
    site.becomes("w1", Condition::Healthy);
    site.pass(MINUTE);
    site.heal();
    assert_eq!(site.acts(), ["let the pods of w1 go"]);
    assert!(site.state.healing.evacuated.is_empty());
}

#[test]
fn a_master_is_replaced_by_a_spare_on_a_hypervisor_that_has_no_other() {
    let mut site = Site::auto();
    site.dies("m2");
    site.pass(30_000);
    site.heal();
    assert_eq!(site.acts(), ["s2 takes the place of m2"]);
}

#[test]
fn what_is_silent_and_not_dead_is_left_alone() {
    let mut site = Site::auto();
    site.becomes("w1", Condition::Unreachable);
    site.pass(100 * MINUTE);
    site.heal();
    assert_eq!(site.acts(), [""; 0]);
    assert_eq!(site.closed(&replace("w1", "s1")), ["evidence"]);
}

#[test]
fn a_database_or_a_spare_is_never_replaced_by_itself() {
    let mut site = Site::auto();
    site.dies("db1");
    site.pass(100 * MINUTE);
    site.heal();
    assert_eq!(site.acts(), [""; 0]);
    assert!(outlooks(&site.state, site.now)[0].text.contains("only a person"));
}

#[test]
fn without_a_fitting_spare_a_person_is_told_what_to_do() {
    let mut site = Site::auto();
    for id in ["n-s1", "n-s2"] {
        site.state.machines.get_mut(&MachineId::new(id).unwrap()).unwrap().facts.memory_mib = 512;
    }
    site.dies("m2");
    site.pass(MINUTE);
    site.heal();
    assert_eq!(site.acts(), [""; 0]);
    let text = &outlooks(&site.state, site.now)[0].text;
    assert!(text.contains("s1 has 512 MiB"), "{text}");
}

#[test]
fn each_gate_closes_for_its_own_reason() {
    type Row = (&'static str, fn(&mut Site));
    let rows: [Row; 9] = [
        ("pause", |s| drop(s.apply(Command::PauseHealing { on: true }).unwrap())),
        ("maintenance", |s| {
            let until = Some(s.now.plus_ms(1_000));
            drop(s.apply(Command::SetMaintenance { name: name("m2"), until }).unwrap());
        }),
        ("evidence", |s| s.state.health.clear()),
        ("flapping", |s| {
            for _ in 0..4 {
                s.becomes("m2", Condition::Healthy);
                s.dies("m2");
            }
            s.pass(30_000);
        }),
        ("storm", |s| ["lb1", "db1"].into_iter().for_each(|n| s.becomes(n, Condition::Unreachable))),
        ("quorum", |s| s.becomes("m3", Condition::Unreachable)),
        ("turn", |s| {
            s.dies("lb1");
            s.pass(30_000);
            s.apply(Command::Decide { act: replace("lb1", "s2") }).unwrap();
            s.apply(Command::CarryOut { number: 1 }).unwrap();
            // Whatever is left of the storm of two.
        }),
        ("spare", |s| s.becomes("s1", Condition::Unreachable)),
        ("budget", |s| s.state.spec.as_mut().unwrap().spec.policy.budgets.per_hour = 0),
    ];
    for (gate, close) in rows {
        let mut site = Site::auto();
        site.dies("m2");
        site.pass(30_000);
        assert_eq!(site.closed(&replace("m2", "s1")), [""; 0], "before {gate}");
        close(&mut site);
        assert_eq!(site.closed(&replace("m2", "s1")), [gate]);
        let refused = site.apply(Command::Decide { act: replace("m2", "s1") });
        assert!(refused.is_err(), "the reducer let {gate} pass");
    }
}

#[test]
fn a_veto_keeps_the_same_from_being_decided_again_for_a_while() {
    let mut site = Site::new("{healing: auto, removeAfter: 30s, vetoWindow: 1m, budgets: {coolDown: 5m}}");
    site.dies("m2");
    site.pass(30_000);
    site.heal();
    assert_eq!(site.state.healing.decisions[0].fate, Fate::Announced { until: site.now.plus_ms(MINUTE) });
    site.apply(Command::VetoDecision { number: 1 }).unwrap();
    site.pass(2 * MINUTE);
    site.heal();
    assert_eq!(site.acts(), [""; 0]);
    assert_eq!(site.closed(&replace("m2", "s2")), ["cool-down"]);
    assert!(site.apply(Command::VetoDecision { number: 1 }).is_err());
}

#[test]
fn an_announced_act_is_carried_out_when_its_window_has_passed_and_not_before() {
    let mut site = Site::new("{healing: auto, removeAfter: 30s, vetoWindow: 1m}");
    site.dies("m2");
    site.pass(30_000);
    site.heal();
    site.pass(MINUTE - 1);
    assert!(site.apply(Command::CarryOut { number: 1 }).is_err());
    site.heal();
    assert_eq!(site.acts(), [""; 0]);
    site.pass(1);
    site.heal();
    assert_eq!(site.acts(), ["s2 takes the place of m2"]);
}

#[test]
fn a_gate_that_closed_meanwhile_stops_what_was_announced() {
    let mut site = Site::new("{healing: auto, removeAfter: 30s, vetoWindow: 1m}");
    site.dies("m2");
    site.pass(30_000);
    site.heal();
    site.becomes("m3", Condition::Unreachable);
    site.pass(2 * MINUTE);
    assert!(site.apply(Command::CarryOut { number: 1 }).is_err());
    site.heal();
    assert_eq!(site.acts(), [""; 0]);
}

#[test]
fn what_cannot_be_taken_back_waits_for_a_word_unless_the_policy_is_auto() {
    let mut site = Site::new("{removeAfter: 30s}");
    site.dies("w1");
    site.heal();
    assert_eq!(site.acts(), ["let the pods of w1 go"]);
    site.pass(100 * MINUTE);
    site.heal();
    assert_eq!(site.acts().len(), 1);
    assert_eq!(site.state.healing.decisions[1].fate, Fate::Suggested);
    site.apply(Command::ApproveDecision { number: 2 }).unwrap();
    site.heal();
    assert_eq!(site.acts()[1], "s1 takes the place of w1");
}

#[test]
fn shadow_notes_once_what_it_would_have_done_and_off_notes_nothing() {
    for (policy, noted) in [("{healing: shadow}", 1), ("{healing: off}", 0)] {
        let mut site = Site::new(policy);
        site.dies("m2");
        for _ in 0..5 {
            site.pass(20 * MINUTE);
            site.heal();
        }
        assert_eq!(site.state.healing.decisions.len(), noted, "{policy}");
        assert_eq!(site.acts(), [""; 0]);
    }
}

#[test]
fn without_proof_of_death_a_person_is_asked_even_for_the_pods() {
    let mut site = Site::new("{healing: auto, fencing: {kind: manual}}");
    site.dies("w1");
    site.heal();
    assert_eq!(site.state.healing.decisions[0].fate, Fate::Suggested);
}

#[test]
fn unreachable_and_dead_are_one_illness_of_one_beginning_only_when_it_stays_the_same() {
    let mut site = Site::auto();
    site.becomes("m2", Condition::Unreachable);
    site.pass(5 * MINUTE);
    site.dies("m2");
    // Time in which it could not be proven dead does not count as time in which it was dead.
    assert_eq!(site.closed(&replace("m2", "s1")), ["evidence"]);
    assert_eq!(site.state.health.values().next().unwrap().falls.len(), 1);
}
