//! An agent that dies before or after any call of any action, alone or with its machine, finishes later what it was told.
//!
//! Each step that builds a site is tried: in a copy of the site it is cut off at call n, for every n, and then carried out
//! again by a fresh agent.

use std::collections::BTreeSet;

use ha_domain::id::{MachineId, MachineName};
use ha_domain::step::{Action, Component, Reset, Step, StepId};

use super::site::{SPEC, Site};

#[derive(Debug, Clone, Copy)]
enum When {
    Before,
    After,
    /// After it, and the whole machine loses its power.
    PowerCut,
}

/// Cuts a step off at its `call`-th call, then carries it out. Says whether it had so many calls.
async fn die_and_finish(site: &Site, step: &Step, call: usize, when: When) -> bool {
    let mut site = site.fork(&step.name).await;
    let machine = site.machines[&step.name].clone();
    match when {
        When::Before => machine.stop_before(call),
        When::After | When::PowerCut => machine.stop_after(call),
    }
    let died = tokio::select! {
        biased;
        () = machine.agent_death() => true,
        outcome = site.ensure(&step.name, &step.action) => {
            let died = machine.has_agent_died();
            assert!(died || outcome.is_ok(), "{} died {when:?} call {call} and says {outcome:?}", step.id);
            died
        }
    };
    if let When::PowerCut = when {
        machine.power_off();
        machine.power_on();
    }
    let last = machine.calls().last().copied().unwrap_or_default();
    site.start_agent(&step.name).await;
    let again = site.ensure(&step.name, &step.action).await;
    again.unwrap_or_else(|e| panic!("{} died {when:?} call {call} ({last}), then: {e}", step.id));
    died
}

/// Builds a site, then lets a worker and a master leave it. Before each new kind of step on a kind of machine, that step dies
/// at every call in copies of the site. Gives back how many deaths there were.
async fn live_with_deaths(when: When) -> usize {
    let mut site = Site::new(SPEC).await;
    let mut tried = BTreeSet::new();
    let mut deaths = converge_with_deaths(&mut site, &mut tried, when).await;
    for name in ["w2", "m3"] {
        site.retire(name);
        deaths += converge_with_deaths(&mut site, &mut tried, when).await;
    }
    assert_eq!((site.world.nodes(), site.world.etcd_members().len()), (vec!["m1".into(), "m2".into(), "w1".into()], 2));
    deaths
}

type Tried = BTreeSet<(Component, String)>;

async fn converge_with_deaths(site: &mut Site, tried: &mut Tried, when: When) -> usize {
    let mut deaths = 0;
    for _ in 0..120 {
        site.observe().await;
        let steps = site.plan().steps;
        if steps.is_empty() {
            site.assert_converged();
            return deaths;
        }
        for step in steps {
            if tried.insert((step.component(), step.name.as_str().trim_end_matches(char::is_numeric).to_owned())) {
                let mut call = 1;
                while die_and_finish(site, &step, call, when).await {
                    call += 1;
                }
                deaths += call - 1;
            }
            site.carry_out(&step).await;
        }
    }
    panic!("the plan does not end");
}

#[tokio::test]
async fn an_agent_that_dies_before_any_call_of_any_step_finishes_it_later() {
    let deaths = live_with_deaths(When::Before).await;
    assert!(deaths > 400, "{deaths}");
}

#[tokio::test]
async fn an_agent_that_dies_after_any_call_of_any_step_finishes_it_later() {
    let deaths = live_with_deaths(When::After).await;
    assert!(deaths > 400, "{deaths}");
}

#[tokio::test]
async fn a_machine_that_loses_its_power_after_any_call_of_any_step_finishes_it_later() {
    let deaths = live_with_deaths(When::PowerCut).await;
    assert!(deaths > 400, "{deaths}");
}

#[tokio::test]
async fn a_reset_that_is_cut_off_anywhere_is_finished_later() {
    let mut site = Site::new(SPEC).await;
    site.converge(|_| ()).await;
    for name in ["lb1", "m3", "w2", "db1"] {
        let (name, action) = (MachineName::new(name).unwrap(), Action::Reset(Reset { leave: false }));
        let id = StepId::derive(&name, action.component(), &action.digest(), 1);
        let step = Step {
            id,
            machine: MachineId::new("n1").unwrap(),
            name,
            action,
            attempt: 1,
            deadline_ms: 1,
            why: String::new(),
        };
        // Every third call: a reset has hundreds.
        let mut call = 1;
        while die_and_finish(&site, &step, call, When::After).await {
            call += 3;
        }
        assert!(call > 20, "{}", step.id);
    }
}
