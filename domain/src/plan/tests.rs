//! Small worlds in, plans out.

use std::collections::BTreeMap;

use super::*;
use crate::catalog::Catalog;
use crate::id::{MachineId, MachineName};
use crate::report::{ComponentState, Report};
use crate::state::{MachineRecord, SpecRecord, StepRecord, assign};
use crate::step::{Action, Component, Status, StepEvent};

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
vips: {api: 10.0.0.10, apps: 10.0.0.9}
kubernetes: {version: 1.36.4}
database: {kind: mariadb}
storage: {kind: shared, path: /srv/shared}
joget: {image: \"registry.example/joget:1\", host: myapp.com}
";

/// A site whose machines have all enrolled and told that nothing is there yet.
struct Site {
    state: State,
    observed: Observed,
    now: Time,
}

impl Site {
    fn new(text: &str) -> Self {
        let (spec, _) = crate::spec::read(text, &Catalog::built_in()).unwrap();
        let mut state = State { revision: 1, ..State::default() };
        let mut observed = Observed::new();
        for (n, machine) in spec.machines.iter().enumerate() {
            let id = MachineId::new(&format!("n{n}")).unwrap();
            let facts = crate::report::Facts { addresses: vec![machine.address], ..Default::default() };
            let record = MachineRecord { at: Time(1), name: None, facts, place: crate::state::Place::Unknown };
            state.machines.insert(id.clone(), record);
            observed.insert(
                id,
                Seen { report: Report::default(), connected: true, heard: Time(1_000_000), ..Seen::default() },
            );
        }
        assign(&mut state.machines, &spec);
        let catalog = Catalog::built_in();
        state.spec = Some(SpecRecord { generation: 1, at: Time(1), by: "t".into(), text: text.into(), spec, catalog });
        Self { state, observed, now: Time(1_000_000) }
    }

    fn input(&self) -> Input<'_> {
        Input { now: self.now, state: &self.state, observed: &self.observed }
    }

    fn plan(&self) -> Plan {
        plan(&self.input())
    }

    fn id(&self, name: &str) -> MachineId {
        let name = MachineName::new(name).unwrap();
        self.state.machines.iter().find(|(_, m)| m.spec_name() == Some(&name)).unwrap().0.clone()
    }

    /// The spec names these no more.
    fn retire(&mut self, names: &[&str]) {
        let record = self.state.spec.as_mut().unwrap();
        record.spec.machines.retain(|m| !names.contains(&m.name.as_str()));
        assign(&mut self.state.machines, &record.spec);
    }

    /// Takes steps for done until none is proposed; calls `look` with each wave.
    fn settle(&mut self, mut look: impl FnMut(&[Step])) {
        for _ in 0..80 {
            let next = self.plan();
            if next.steps.is_empty() {
                return;
            }
            crate::state::refuse(&self.state, &next.steps).unwrap();
            look(&next.steps);
            for step in &next.steps {
                forecast::take_for_done(&mut self.state, &mut self.observed, step, self.now);
            }
        }
        panic!("the plan does not end");
    }
}

fn names(steps: &[Step], component: Component) -> Vec<String> {
    steps.iter().filter(|s| s.component() == component).map(|s| s.name.to_string()).collect()
}

#[test]
fn a_fresh_site_begins_with_a_look_at_every_machine() {
    let plan = Site::new(SITE).plan();
    assert_eq!(plan.steps.len(), 8);
    assert!(plan.steps.iter().all(|s| s.component() == Component::Preflight));
}

#[test]
fn a_fresh_site_is_built_to_the_end_and_every_concern_is_done() {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    let report = site.plan().report;
    assert!(report.converged(), "{report:#?}");
}

#[test]
fn the_cluster_begins_on_one_master_and_masters_join_one_at_a_time() {
    let mut site = Site::new(SITE);
    let mut order = Vec::new();
    site.settle(|steps| {
        let masters: Vec<_> = names(steps, Component::Node).into_iter().filter(|n| n.starts_with('m')).collect();
        assert!(masters.len() <= 1, "{masters:?} at once");
        order.extend(masters);
    });
    assert_eq!(order, ["m1", "m2", "m3"]);
}

#[test]
fn the_cluster_does_not_wait_for_machines_it_does_not_need() {
    let mut site = Site::new(SITE);
    for name in ["lb2", "m2", "m3", "w1", "w2", "db1"] {
        let id = site.id(name);
        site.observed.get_mut(&id).unwrap().connected = false;
    }
    let mut begun = false;
    site.settle(|steps| begun |= steps.iter().any(|s| matches!(s.action, Action::ControlPlaneInit(_))));
    assert!(begun);
}

#[test]
fn the_cluster_is_never_begun_twice() {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    // The master it was begun on comes back empty.
    let id = site.id("m1");
    site.observed.get_mut(&id).unwrap().report = Report::default();
    site.settle(|steps| assert!(!steps.iter().any(|s| matches!(s.action, Action::ControlPlaneInit(_)))));
    assert!(site.plan().report.converged());
}

#[test]
fn applying_again_changes_nothing() {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    assert_eq!(site.plan().steps, vec![]);
}

#[test]
fn a_changed_timeout_reaches_only_the_load_balancers() {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    site.state.spec.as_mut().unwrap().spec.load_balancers.timeouts.client = crate::spec::value::Period::from_secs(60);
    let steps = site.plan().steps;
    assert_eq!(names(&steps, Component::Haproxy), ["lb1", "lb2"]);
    assert_eq!(steps.len(), 2);
}

#[test]
fn a_drifted_component_is_brought_back_with_its_reason() {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    let id = site.id("lb1");
    let report = &mut site.observed.get_mut(&id).unwrap().report;
    report.components.get_mut(&Component::Haproxy).unwrap().state =
        ComponentState::Drifted { what: "unit haproxy is inactive".into() };
    let steps = site.plan().steps;
    assert_eq!(steps.len(), 1);
    assert_eq!(steps[0].why, "haproxy drifted: unit haproxy is inactive");
    assert_eq!(steps[0].attempt, 2);
}

#[test]
fn a_silent_machine_is_not_acted_on_and_the_reason_is_shown() {
    let mut site = Site::new(SITE);
    let id = site.id("w1");
    site.observed.get_mut(&id).unwrap().connected = false;
    let plan = site.plan();
    assert!(plan.steps.iter().all(|s| s.name.as_str() != "w1"));
    assert!(plan.report.concerns[0].waiting.iter().any(|w| w.contains("w1: its agent is silent")));
}

#[test]
fn a_machine_that_has_not_joined_is_named_with_the_command_to_type() {
    let mut site = Site::new(SITE);
    let id = site.id("w2");
    site.state.machines.remove(&id);
    let waiting = &site.plan().report.concerns[0].waiting;
    assert!(waiting[0].contains("w2: has not joined: run `ha-agent join`"), "{waiting:?}");
}

#[test]
fn a_failed_step_is_tried_again_after_a_pause_that_grows() {
    let mut site = Site::new(SITE);
    let step = site.plan().steps.into_iter().find(|s| s.name.as_str() == "lb1").unwrap();
    for (attempt, pause) in [(1_u32, 2_000_u64), (2, 4_000), (3, 8_000)] {
        let mut step = step.clone();
        step.attempt = attempt;
        step.id = crate::step::StepId::derive(&step.name, step.component(), &step.action.digest(), attempt);
        let status = Status::Failed { at: site.now, error: "disk full".into() };
        let record = StepRecord { step: step.clone(), status, index: 1, adopted: site.now, granted: Some(site.now) };
        site.state.journal.insert(step.id.clone(), record);
        let failed_at = site.now;
        site.now = failed_at.plus_ms(pause - 1);
        let plan = site.plan();
        assert!(plan.steps.iter().all(|s| s.name != step.name), "attempt {attempt}");
        assert!(plan.report.concerns[0].waiting.iter().any(|w| w.contains("disk full")));
        site.now = failed_at.plus_ms(pause);
        let again = site.plan().steps.into_iter().find(|s| s.name == step.name).unwrap();
        assert_eq!(again.attempt, attempt + 1);
    }
}

#[test]
fn a_step_is_confirmed_by_the_report_and_not_by_the_agents_word() {
    let mut site = Site::new(SITE);
    let step = site.plan().steps[0].clone();
    let status = Status::Succeeded { at: site.now };
    let record = StepRecord { step: step.clone(), status, index: 1, adopted: site.now, granted: Some(site.now) };
    site.state.journal.insert(step.id.clone(), record);
    assert_eq!(settle(&site.input()), vec![]);
    let report = crate::report::ComponentReport {
        digest: step.action.digest(),
        state: ComponentState::Converged,
        since: site.now,
        facts: BTreeMap::new(),
    };
    site.observed.get_mut(&step.machine).unwrap().report.components.insert(step.component(), report);
    assert_eq!(settle(&site.input()), vec![(step.id, StepEvent::Confirm)]);
}

#[test]
fn a_master_is_not_removed_while_the_others_would_lose_their_quorum() {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    for name in ["m1", "m2"] {
        let id = site.id(name);
        site.observed.get_mut(&id).unwrap().report.kubernetes = None;
    }
    site.retire(&["m3"]);
    site.settle(|steps| assert!(names(steps, Component::RemoveNode).is_empty()));
    let report = site.plan().report;
    let retirement = report.concerns.iter().find(|c| c.name == "retirement").unwrap();
    assert!(retirement.waiting.iter().any(|w| w.contains("a quorum is 2")), "{retirement:?}");
}

#[test]
fn the_forecast_says_what_each_step_waited_for() {
    let site = Site::new(SITE);
    let waves = forecast(&site.input()).waves;
    let steps = waves.iter().flat_map(|w| w.steps.iter().zip(&w.waited));
    let waited: BTreeMap<_, _> = steps.map(|(s, why)| ((s.name.as_str(), s.component()), why.as_str())).collect();
    assert_eq!(waited[&("lb1", Component::Preflight)], "");
    assert_eq!(waited[&("lb1", Component::Keepalived)], "lb1: needs haproxy on lb1");
    assert_eq!(waited[&("m1", Component::Images)], "m1: needs containerd on m1");
    assert!(waited[&("m3", Component::Node)].contains("one at a time"), "{waited:?}");
}

#[test]
fn the_forecast_names_the_waves_of_a_fresh_site() {
    let site = Site::new(SITE);
    let forecast = forecast(&site.input());
    let total: usize = forecast.waves.iter().map(|w| w.steps.len()).sum();
    assert!(total > 50, "{total} steps");
    assert!(forecast.rest.converged());
}

mod registry;
mod retirement;
mod turns;

mod random {
    //! Random worlds: the plan always ends, always names its reason, and never has two masters in one wave.

    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn every_fixpoint_names_its_reason(silent in proptest::collection::vec(any::<bool>(), 8), done in 0usize..60) {
            let mut site = Site::new(SITE);
            let mut left = done;
            for _ in 0..80 {
                let steps = site.plan().steps;
                if steps.is_empty() || left == 0 { break; }
                for step in steps.iter().take(left) {
                    forecast::take_for_done(&mut site.state, &mut site.observed, step, site.now);
                }
                left = left.saturating_sub(steps.len());
            }
            for (seen, silent) in site.observed.values_mut().zip(silent) {
                seen.connected = !silent;
            }
            site.settle(|steps| {
                let members = steps.iter().filter(|s| matches!(s.action, Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_)));
                assert!(members.count() <= 1);
            });
            let report = site.plan().report;
            for concern in &report.concerns {
                prop_assert!(concern.outcome == Outcome::Done || !concern.waiting.is_empty(), "{concern:?}");
            }
        }
    }
}

#[test]
fn every_step_of_a_site_survives_the_log_and_the_wire() {
    let site = Site::new(SITE);
    for wave in forecast(&site.input()).waves {
        for step in wave.steps {
            let text = serde_json::to_string(&step).unwrap();
            assert_eq!(serde_json::from_str::<Step>(&text).unwrap(), step, "{text}");
        }
    }
}
