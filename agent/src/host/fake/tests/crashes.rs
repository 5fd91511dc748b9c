//! An agent that dies before or after any call of any action, and is started again, finishes what it was told.
//!
//! Each step that builds a site is tried: in a copy of the site it is cut off at call n, for every n, and then carried out
//! again by a fresh agent.

use std::collections::BTreeSet;

use ha_domain::step::Step;

use super::site::{SPEC, Site};
use crate::execute::ActError;
use crate::host::HostError;

#[derive(Debug, Clone, Copy)]
enum When {
    Before,
    After,
}

/// Cuts a step off at its `call`-th call, then carries it out. Says whether it had so many calls.
async fn die_and_finish(site: &Site, step: &Step, call: usize, when: When) -> bool {
    let mut site = site.fork().await;
    let machine = site.machines[&step.name].clone();
    match when {
        When::Before => machine.stop_before(call),
        When::After => machine.stop_after(call),
    }
    let died = match site.ensure(&step.name, &step.action).await {
        Ok(()) => false,
        Err(ActError::Host(HostError::Stopped)) => true,
        Err(other) => panic!("{} died {when:?} call {call} and says {other}", step.id),
    };
    let last = machine.calls().last().copied().unwrap_or_default();
    site.start_agents().await;
    let again = site.ensure(&step.name, &step.action).await;
    again.unwrap_or_else(|e| panic!("{} died {when:?} call {call} ({last}), then: {e}", step.id));
    died
}

/// Builds a site; before each new kind of step on a kind of machine, that step dies at every call in copies of the site.
/// Gives back how many deaths there were.
async fn build_with_deaths(when: When) -> usize {
    let mut site = Site::new(SPEC).await;
    let (mut tried, mut deaths) = (BTreeSet::new(), 0);
    loop {
        site.observe().await;
        let steps = site.plan().steps;
        if steps.is_empty() {
            site.assert_converged();
            return deaths;
        }
        for step in steps {
            if tried.insert((step.component(), step.name.as_str().trim_end_matches(char::is_numeric).to_owned())) {
                let mut call = 1;
                while die_and_finish(&site, &step, call, when).await {
                    call += 1;
                }
                deaths += call - 1;
            }
            site.carry_out(&step).await;
        }
    }
}

#[tokio::test]
async fn an_agent_that_dies_before_any_call_of_any_step_finishes_it_later() {
    assert!(build_with_deaths(When::Before).await > 500);
}

#[tokio::test]
async fn an_agent_that_dies_after_any_call_of_any_step_finishes_it_later() {
    assert!(build_with_deaths(When::After).await > 500);
}
