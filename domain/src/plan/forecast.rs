//! What would be done if every step worked: drives `hactl plan`, `--dry-run` and the property tests.

use serde::{Deserialize, Serialize};

use super::{Input, Observed, PlanReport, plan};
use crate::id::Digest;
use crate::report::{ComponentReport, ComponentState};
use crate::state::{State, StepRecord};
use crate::step::{Action, Component, Status, Step};

/// What would be done, in waves: the steps of one wave run at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Forecast {
    /// In order.
    pub waves: Vec<Wave>,
    /// What would still wait at the end, and why.
    pub rest: PlanReport,
}

/// Steps that run at the same time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Wave {
    /// The steps.
    pub steps: Vec<Step>,
    /// Why each step is done, in the same order.
    pub reasons: Vec<String>,
    /// What each step waited for until then, in the same order; empty where it did not wait.
    #[serde(default)]
    pub waited: Vec<String>,
}

/// More rounds than any site needs: a plan that does not end is a fault, and is cut here.
const ROUNDS: usize = 60;

/// Plans again and again, taking each step for done.
pub fn forecast(input: &Input<'_>) -> Forecast {
    let mut state = input.state.clone();
    let mut observed = input.observed.clone();
    let mut waves = Vec::new();
    let mut before = PlanReport::default();
    loop {
        let now = input.now;
        let next = plan(&Input { now, state: &state, observed: &observed });
        if next.steps.is_empty() || waves.len() >= ROUNDS {
            return Forecast { waves, rest: next.report };
        }
        for step in &next.steps {
            take_for_done(&mut state, &mut observed, step, now);
        }
        let reasons = next.steps.iter().map(|s| s.why.clone()).collect();
        let waited = next.steps.iter().map(|s| before.held_back(s)).collect();
        waves.push(Wave { steps: next.steps, reasons, waited });
        before = next.report;
    }
}

/// The effect of a step that works: its component shows what was wanted.
pub(super) fn take_for_done(state: &mut State, observed: &mut Observed, step: &Step, now: crate::id::Time) {
    let status = Status::Confirmed { at: now };
    state.index += 1;
    let record = StepRecord { step: step.clone(), status, index: state.index, adopted: now, granted: Some(now) };
    state.journal.insert(step.id.clone(), record);
    match &step.action {
        Action::RemoveNode(remove) => unlist(observed, &remove.node),
        Action::OutOfService(service) => declare(observed, &service.node, service.out),
        _ => {}
    }
    let seen = observed.entry(step.machine.clone()).or_default();
    let mut facts = std::collections::BTreeMap::new();
    if matches!(step.action, Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_)) {
        facts.insert("ca-pin".to_owned(), Digest::of(b"forecast").to_string());
        let etcd = crate::report::EtcdReport { healthy: true, ..Default::default() };
        seen.report.kubernetes.get_or_insert_default().etcd.get_or_insert(etcd);
    }
    let digest = step.action.digest();
    let report = ComponentReport { digest, state: ComponentState::Converged, since: now, facts };
    let component: Component = step.component();
    seen.report.components.insert(component, report);
}

/// A removed node is in nobody's list any more.
fn unlist(observed: &mut Observed, node: &str) {
    for kubernetes in observed.values_mut().filter_map(|seen| seen.report.kubernetes.as_mut()) {
        kubernetes.nodes.remove(node);
        if let Some(etcd) = &mut kubernetes.etcd {
            etcd.members.remove(node);
        }
    }
}

fn declare(observed: &mut Observed, node: &str, out: bool) {
    let told = observed.values_mut().filter_map(|seen| seen.report.kubernetes.as_mut());
    for status in told.filter_map(|k| k.nodes.get_mut(node)) {
        status.out_of_service = out;
    }
}
