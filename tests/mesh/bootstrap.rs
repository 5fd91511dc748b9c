//! From founded to built.

use std::collections::BTreeMap;

use ha_domain::step::Status;
use ha_domain::view::Health;
use ha_tests::until::until_so;

use crate::shared;

#[tokio::test]
async fn a_site_is_built_and_its_coordinators_are_three() {
    let (site, _quiet) = shared::site().await;
    let status = site.converged().await.unwrap();
    let (done, all) = status.plan.progress();
    assert!(all > 60 && done == all, "{done} of {all}");
    assert_ne!(status.health, Health::Failed, "{:#?}", status.layers);

    let leader = site.replicas.leader().expect("somebody leads");
    assert_eq!(leader.voters(), 3);
    let running: Vec<_> = site.replicas.seats().filter(|s| s.is_healthy()).map(|s| s.name.as_str()).collect();
    assert_eq!(running, ["m1", "m2", "m3"]);
}

#[tokio::test]
async fn every_node_is_made_by_one_run_of_kubeadm() {
    let (site, _quiet) = shared::site().await;
    let machines = site.document.spec.machines.iter();
    let runs: BTreeMap<_, _> =
        machines.map(|m| (m.name.as_str(), site.machine(m.name.as_str()).unwrap().kubeadm_runs())).collect();
    let mut expected = BTreeMap::from([("m1", vec!["init"])]);
    expected.extend(["m2", "m3", "w1", "w2"].map(|name| (name, vec!["join"])));
    expected.extend(["lb1", "lb2", "db1", "nfs1"].map(|name| (name, vec![])));
    assert_eq!(runs, expected);
    assert_eq!(site.world.nodes(), ["m1", "m2", "m3", "w1", "w2"]);
    assert_eq!(site.world.etcd_members(), ["m1", "m2", "m3"]);
    assert!(site.world.is_joget_set_up());
}

#[tokio::test]
async fn every_step_of_an_undisturbed_bootstrap_is_confirmed_by_a_report() {
    let (site, _quiet) = shared::site().await;
    site.converged().await.unwrap();
    let steps = site.admin.steps().await.unwrap();
    let open: Vec<_> = steps.iter().filter(|s| !matches!(s.status, Status::Confirmed { .. })).collect();
    assert!(open.is_empty(), "{open:#?}");
}

#[tokio::test]
async fn agents_that_came_when_there_was_one_coordinator_hear_of_the_others() {
    let site = shared::found("introduced").await;
    shared::apply(&site).await;
    site.converged().await.unwrap();
    let agents = site.agents.lock().await;
    let lists: Vec<_> = agents.values().map(|agent| agent.config().state.join("coordinators")).collect();
    let known = |list: &std::path::PathBuf| std::fs::read_to_string(list).unwrap_or_default().lines().count();
    until_so("three coordinators in every agent's list", || lists.iter().all(|list| known(list) == 3)).await.unwrap();
    drop(agents);
    site.end().await;
}
