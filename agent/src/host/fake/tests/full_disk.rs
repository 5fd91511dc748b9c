//! A disk that is full during a step: the step says so, what served goes on, and with room it is done.

use std::collections::BTreeSet;

use ha_domain::step::{Component, Step};

use super::site::{SPEC, Site};
use crate::execute::ActError;

const FULL: &str = "No space left on device";

/// Carries a step out while there is no room from a call on, then with room. Gives back the call that found none.
async fn fill_and_finish(site: &Site, step: &Step, call: usize) -> Option<usize> {
    let mut site = site.fork(&step.name).await;
    let machine = site.machines[&step.name].clone();
    machine.fill_disk_from(call);
    let error = site.ensure(&step.name, &step.action).await.err()?;
    assert!(error.to_string().contains(FULL), "{} at call {call}: {error}", step.id);
    if let ActError::Host(error) = &error {
        assert!(error.disk_full(), "{error}");
    }
    let at = machine.calls().len();
    site.start_agent(&step.name).await;
    let again = site.ensure(&step.name, &step.action).await;
    again.unwrap_or_else(|e| panic!("{} was full at call {call}, then: {e}", step.id));
    Some(at)
}

#[tokio::test]
async fn a_step_that_finds_the_disk_full_says_so_and_is_done_once_there_is_room() {
    let mut site = Site::new(SPEC).await;
    let mut tried = BTreeSet::new();
    let mut refusals = 0;
    for _ in 0..120 {
        site.observe().await;
        let steps = site.plan().steps;
        for step in &steps {
            if tried.insert(step.component()) {
                let mut call = Some(1);
                while let Some(from) = call {
                    call = fill_and_finish(&site, step, from).await.map(|at| at.max(from) + 1);
                    refusals += usize::from(call.is_some());
                }
            }
            site.carry_out(step).await;
        }
        if steps.is_empty() {
            break;
        }
    }
    site.assert_converged();
    assert!(refusals > 40, "{refusals}");
}

#[tokio::test]
async fn a_load_balancer_whose_disk_is_full_serves_as_before_until_there_is_room() {
    let mut site = Site::new(SPEC).await;
    let mut change = None;
    site.converge(|step| {
        if (step.component(), step.name.as_str()) == (Component::Haproxy, "lb1") {
            change = Some(step.clone());
        }
    })
    .await;
    let mut step = change.unwrap();
    let ha_domain::step::Action::Haproxy(haproxy) = &mut step.action else { unreachable!() };
    haproxy.max_connections += 1;
    let lb1 = site.machine("lb1").clone();
    let before = lb1.text("/etc/haproxy/haproxy.cfg");
    // Each call finds the disk full once: the candidate's, the copy of the version before, the file's own.
    let mut seen = Vec::new();
    for call in 1.. {
        lb1.restart_agent();
        lb1.fill_disk_from(call);
        let Err(error) = site.ensure(&step.name, &step.action).await else { break };
        assert!(error.to_string().contains(FULL), "{error}");
        assert!(lb1.is_active("haproxy"), "at call {call}");
        seen.push(lb1.text("/etc/haproxy/haproxy.cfg"));
    }
    let after = lb1.text("/etc/haproxy/haproxy.cfg");
    assert!(after != before && seen.len() > 1 && seen[0] == before, "{}", seen.len());
    assert!(seen.iter().all(|text| *text == before || *text == after), "never half a file, never none");
}

#[tokio::test]
async fn no_step_begins_where_its_end_could_not_be_noted() {
    use crate::journal::{Journal, JournalError};
    use ha_domain::id::MachineName;
    use ha_domain::step::{Action, Echo, StepId};
    let machine = super::machine();
    let journal = Journal::open(&machine, std::path::Path::new("/var/lib/ha-mesh/journal")).await.unwrap();
    let action = Action::Echo(Echo { nonce: 1 });
    let id = StepId::derive(&MachineName::new("m1").unwrap(), action.component(), &action.digest(), 1);
    machine.set_free_space(100_000_000);
    let refused = journal.begin(&machine, &id, &action).await.unwrap_err();
    assert!(matches!(refused, JournalError::NoSpace { .. }), "{refused}");
    assert!(refused.to_string().contains("only 100 MB are free for the journal, 200 MB are needed"), "{refused}");
    assert!(journal.unfinished().is_empty());
    machine.set_free_space(1 << 30);
    journal.begin(&machine, &id, &action).await.unwrap();
}
