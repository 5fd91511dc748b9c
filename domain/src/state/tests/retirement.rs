//! Machines that leave: no way back once it has begun, and nothing is begun that is not wanted any more.

use super::*;
use crate::catalog::Catalog;
use crate::step::{Action, Drain, Reset, Step, StepEvent, StepId};

const SITE: &str = "
version: 1
name: acme
machines:
- {name: m1, role: control-plane, address: 10.0.0.21}
- {name: w1, role: worker, address: 10.0.0.31}
- {name: w2, role: worker, address: 10.0.0.32}
- {name: db1, role: database, address: 10.0.0.41}
- {name: lb1, role: load-balancer, address: 10.0.0.11}
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
";

fn set(base: u64, text: &str) -> Command {
    let spec = Box::new(crate::spec::parse(text).unwrap());
    Command::SetSpec { base, text: text.into(), spec, catalog: Box::new(Catalog::built_in()) }
}

fn remove(name: &str) -> Command {
    Command::RemoveMachine { name: MachineName::new(name).unwrap(), base: 0 }
}

/// A state and the index of its next entry.
struct Log(State, u64);

impl Log {
    /// A site of which m1 and w2 have enrolled, as n3 and n4.
    fn new() -> Self {
        let mut log = Self(founded(), 2);
        log.apply(token(9, 1000, TokenPurpose::AnyMachine)).unwrap();
        for (id, address) in [("a", "10.0.0.21"), ("b", "10.0.0.32")] {
            let mut claim = claim(b"secret", id);
            if let Command::Enrol { facts: Some(facts), .. } = &mut claim {
                facts.addresses = vec![address.parse().unwrap()];
            }
            log.apply(claim).unwrap();
        }
        log.set().unwrap();
        log
    }

    fn apply(&mut self, command: Command) -> Outcome {
        let index = self.1;
        self.1 += 1;
        self.0.apply(index, &entry(index, command), b"raw")
    }

    /// Applies the whole site to whatever is in force.
    fn set(&mut self) -> Outcome {
        let base = self.0.spec.as_ref().map_or(0, |s| s.generation);
        self.apply(set(base, SITE))
    }

    fn adopt(&mut self, (machine, name): (&str, &str), action: Action) -> StepId {
        let name = MachineName::new(name).unwrap();
        let id = StepId::derive(&name, action.component(), &action.digest(), 1);
        let machine = MachineId::new(machine).unwrap();
        let step = Step { id: id.clone(), machine, name, action, attempt: 1, deadline_ms: 1, why: String::new() };
        self.apply(Command::AdoptPlan { base: self.0.revision, steps: vec![step] }).unwrap();
        id
    }

    fn advance(&mut self, step: &StepId, event: StepEvent) -> Outcome {
        self.apply(Command::Advance { step: step.clone(), event })
    }
}

fn drain() -> Action {
    Action::Drain(Drain { node: "w2".into(), timeout_seconds: 9 })
}

#[test]
fn a_machine_that_has_cleaned_itself_last_can_be_forgotten() {
    let mut log = Log::new();
    log.apply(remove("w2")).unwrap();
    let reset = log.adopt(("n4", "w2"), Action::Reset(Reset { leave: true }));
    log.advance(&reset, StepEvent::Grant).unwrap();
    log.advance(&reset, StepEvent::Succeed).unwrap();
    assert_eq!(log.0.cleaned(), []);
    log.advance(&reset, StepEvent::Confirm).unwrap();
    assert_eq!(log.0.cleaned(), [MachineId::new("n4").unwrap()]);
}

#[test]
fn a_step_is_not_begun_once_the_spec_has_changed_its_mind() {
    let mut log = Log::new();
    log.apply(remove("w2")).unwrap();
    let drain = log.adopt(("n3", "m1"), drain());
    log.set().unwrap();
    let late = log.advance(&drain, StepEvent::Grant).unwrap_err();
    assert!(late.to_string().contains("not wanted any more"), "{late}");
}

#[test]
fn a_machine_comes_back_only_while_its_retirement_has_not_begun() {
    let mut log = Log::new();
    log.apply(remove("w2")).unwrap();
    log.set().unwrap();
    assert!(matches!(log.0.machines[&MachineId::new("n4").unwrap()].place, Place::Assigned { .. }));
    log.apply(remove("w2")).unwrap();
    let drain = log.adopt(("n3", "m1"), drain());
    log.advance(&drain, StepEvent::Grant).unwrap();
    let back = log.set().unwrap_err();
    assert!(back.to_string().contains("w2 is on its way out"), "{back}");
    log.apply(Command::ForgetMachine { machine: MachineId::new("n4").unwrap() }).unwrap();
    log.set().unwrap();
}

#[test]
fn of_two_who_apply_to_an_empty_site_the_second_is_told_who_won() {
    let mut state = founded();
    let by = |who: &str, text: &str| Entry { by: who.into(), ..entry(2, set(0, text)) };
    state.apply(2, &by("ann", SITE), b"1").unwrap();
    let lost = state.apply(3, &by("bob", &SITE.replace("mariadb", "postgresql")), b"2").unwrap_err();
    assert_eq!(lost, Refusal::SpecConflict { base: 0, current: 1, by: "ann".into() });
    let same = state.apply(4, &by("bob", SITE), b"3").unwrap();
    assert_eq!(same, Reply::Generation { generation: 1, changed: false });
}

#[test]
fn a_removal_that_was_allowed_for_an_earlier_spec_is_refused() {
    let mut log = Log::new();
    log.apply(remove("w1")).unwrap();
    let late = Command::RemoveMachine { name: MachineName::new("w2").unwrap(), base: 1 };
    assert!(matches!(log.apply(late), Err(Refusal::SpecConflict { base: 1, current: 2, .. })));
}

#[test]
fn a_removed_machine_is_no_coordinator_any_more() {
    let mut log = Log::new();
    let named = SITE.replace("vips:", "coordinators: [m1, w2]\nvips:");
    log.apply(set(1, &named)).unwrap();
    log.apply(remove("w2")).unwrap();
    assert_eq!(log.0.spec.as_ref().unwrap().spec.coordinators, [MachineName::new("m1").unwrap()]);
    let text = &log.0.spec.as_ref().unwrap().text;
    assert!(text.starts_with("# w2 was removed by test: applied as it is, this file would bring it back.\n"), "{text}");
}

#[test]
fn the_version_may_be_corrected_until_the_cluster_is_begun() {
    let mut log = Log::new();
    let newer = crate::spec::parse(&SITE.replace("1.36.4", "1.36.5")).unwrap();
    assert_eq!(log.0.check_change(&newer), []);
    let renamed = crate::spec::parse(&SITE.replace("name: acme", "name: other")).unwrap();
    assert_eq!(log.0.check_change(&renamed).len(), 1);
    let action = serde_json::json!({"action": "control-plane-init",
        "node": {"name": "m1", "address": "10.0.0.21", "controlPlane": true, "endpoint": "10.0.0.10:6443"},
        "cluster": {"version": "1.36.4", "podSubnet": "", "serviceSubnet": "", "etcdTag": "", "corednsTag": "",
            "certSans": [], "apiServerArgs": {}, "kubelet": {}, "proxyMode": "", "proxy": {}, "ignorePreflight": []}});
    let init = log.adopt(("n3", "m1"), serde_json::from_value(action).unwrap());
    log.advance(&init, StepEvent::Grant).unwrap();
    assert_eq!(log.0.check_change(&newer).len(), 1);
}

mod binding {
    //! A join string for one role.

    use super::*;
    use crate::spec::Role;

    fn invited(role: Role) -> Log {
        let mut log = Log(founded(), 2);
        let purpose = TokenPurpose::Machine { name: MachineName::new("w1").unwrap(), role: Some(role) };
        log.apply(token(1, 1000, purpose)).unwrap();
        log
    }

    fn place(log: &Log) -> Place {
        log.0.machines.values().next().unwrap().place.clone()
    }

    #[test]
    fn it_lets_nobody_in_whom_the_spec_gives_another() {
        let mut log = invited(Role::Database);
        log.set().unwrap();
        let refused = log.apply(claim(b"secret", "a")).unwrap_err();
        assert!(refused.to_string().contains("for w1 as database, the spec has it as worker"), "{refused}");
        assert!(log.0.machines.is_empty());
        assert_eq!(log.0.tokens[&TokenId::new("t1").unwrap()].uses, 1, "it is not spent");
    }

    #[test]
    fn it_is_remembered_until_a_spec_names_the_machine() {
        let rows = [(Role::Worker, true), (Role::Database, false)];
        for (role, fits) in rows {
            let mut log = invited(role);
            log.apply(claim(b"secret", "a")).unwrap();
            assert_eq!(place(&log), Place::Bound { role });
            log.set().unwrap();
            assert_eq!(matches!(place(&log), Place::Assigned { .. }), fits, "{role}: {:?}", place(&log));
        }
        let mut log = invited(Role::Database);
        log.apply(claim(b"secret", "a")).unwrap();
        log.set().unwrap();
        assert_eq!(place(&log), Place::Bound { role: Role::Database }, "for good");
    }
}
