//! An agent that dies before or after any call of any action, and is started again, ends with the same machine.
//!
//! Each step of a whole site is tried: it is cut off at call n, for every n, and then carried out again by a fresh agent.

use ha_domain::step::Step;

use super::site::{SPEC, Site};
use crate::execute::ActError;
use crate::host::HostError;

/// The steps that build a site, in their order.
async fn steps() -> Vec<Step> {
    let mut site = Site::new(SPEC).await;
    let mut steps = Vec::new();
    site.converge(|step| steps.push(step.clone())).await;
    steps
}

#[derive(Debug, Clone, Copy)]
enum When {
    Before,
    After,
}

/// Builds a site; each step dies at the call that `at` names for it, once, before it is carried out to its end. Gives back
/// how many calls the longest step had.
async fn build_with_deaths(steps: &[Step], call: usize, when: When) -> usize {
    let mut site = Site::new(SPEC).await;
    let mut longest = 0;
    for step in steps {
        let machine = site.machines[&step.name].clone();
        machine.restart_agent();
        match when {
            When::Before => machine.stop_before(call),
            When::After => machine.stop_after(call),
        }
        match site.ensure(&step.name, &step.action).await {
            Ok(()) => longest = longest.max(machine.calls().len()),
            Err(ActError::Host(HostError::Stopped)) => longest = longest.max(call),
            Err(other) => panic!("{} died {when:?} call {call} and says {other}", step.id),
        }
        site.start_agents().await;
        let again = site.ensure(&step.name, &step.action).await;
        again.unwrap_or_else(|e| panic!("{} died {when:?} call {call}, then: {e}", step.id));
    }
    site.observe().await;
    assert!(site.world.is_joget_set_up(), "{when:?} {call}");
    assert_eq!(site.world.etcd_members(), ["m1", "m2", "m3"], "{when:?} {call}");
    assert_eq!(site.world.nodes(), ["m1", "m2", "m3", "w1", "w2"], "{when:?} {call}");
    longest
}

async fn all_deaths(when: When) {
    let steps = steps().await;
    let mut call = 1;
    while build_with_deaths(&steps, call, when).await >= call {
        call += 1;
    }
    assert!(call > 50, "some step has many calls");
}

#[tokio::test]
async fn an_agent_that_dies_before_any_call_of_any_step_finishes_it_later() {
    all_deaths(When::Before).await;
}

#[tokio::test]
async fn an_agent_that_dies_after_any_call_of_any_step_finishes_it_later() {
    all_deaths(When::After).await;
}
