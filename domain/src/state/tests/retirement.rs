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

fn set(text: &str) -> Command {
    let spec = Box::new(crate::spec::parse(text).unwrap());
    Command::SetSpec { base: 0, text: text.into(), spec, catalog: Box::new(Catalog::built_in()) }
}

fn remove(name: &str) -> Command {
    Command::RemoveMachine { name: MachineName::new(name).unwrap() }
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
        log.apply(set(SITE)).unwrap();
        log
    }

    fn apply(&mut self, command: Command) -> Outcome {
        let index = self.1;
        self.1 += 1;
        self.0.apply(index, &entry(index, command), b"raw")
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
    log.apply(set(SITE)).unwrap();
    let late = log.advance(&drain, StepEvent::Grant).unwrap_err();
    assert!(late.to_string().contains("not wanted any more"), "{late}");
}

#[test]
fn a_machine_comes_back_only_while_its_retirement_has_not_begun() {
    let mut log = Log::new();
    log.apply(remove("w2")).unwrap();
    log.apply(set(SITE)).unwrap();
    assert!(matches!(log.0.machines[&MachineId::new("n4").unwrap()].place, Place::Assigned { .. }));
    log.apply(remove("w2")).unwrap();
    let drain = log.adopt(("n3", "m1"), drain());
    log.advance(&drain, StepEvent::Grant).unwrap();
    let back = log.apply(set(SITE)).unwrap_err();
    assert!(back.to_string().contains("w2 is on its way out"), "{back}");
    log.apply(Command::ForgetMachine { machine: MachineId::new("n4").unwrap() }).unwrap();
    log.apply(set(SITE)).unwrap();
}
