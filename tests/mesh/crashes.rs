//! Programs that are killed in the middle.

use ha_tests::site::Site;
use ha_tests::until::until_so;

use crate::shared;

/// Every coordinator knows that three vote: any two of them can go on.
fn are_three(site: &Site) -> bool {
    site.replicas.seats().filter(|seat| seat.voters() == 3).count() == 3
}

fn assert_one_run_each(site: &Site) {
    for (name, run) in [("m1", "init"), ("m2", "join"), ("m3", "join"), ("w1", "join"), ("w2", "join")] {
        assert_eq!(site.machine(name).unwrap().kubeadm_runs(), [run], "{name}");
    }
}

#[tokio::test]
async fn a_bootstrap_whose_leading_coordinator_is_killed_is_finished_by_another() {
    let site = shared::found("killed-leader").await;
    // However quick the machine is, the bootstrap does not end before this agent is back.
    site.agents.lock().await.get_mut("w2").unwrap().kill();
    shared::apply(&site).await;
    until_so("three coordinators and a first node", || are_three(&site) && !site.world.nodes().is_empty())
        .await
        .unwrap();
    assert!(site.world.nodes().len() < 5, "the bootstrap is under way");
    let killed = site.replicas.leader().unwrap().clone();
    killed.kill();
    until_so("another leader", || site.replicas.leader().is_some_and(|l| l.name != killed.name)).await.unwrap();
    // As systemd does.
    killed.start().unwrap();
    site.agents.lock().await.get_mut("w2").unwrap().start().unwrap();
    site.converged().await.unwrap();
    until_so("three healthy coordinators", || site.replicas.seats().filter(|s| s.is_healthy()).count() == 3)
        .await
        .unwrap();
    assert_one_run_each(&site);
    site.end().await;
}

#[tokio::test]
async fn a_bootstrap_whose_agents_are_killed_at_their_work_is_finished_once_they_are_back() {
    let site = shared::found("killed-agents").await;
    shared::apply(&site).await;
    for name in ["m1", "m2", "w1"] {
        let machine = site.machine(name).unwrap();
        until_so("kubeadm at work", || !machine.kubeadm_runs().is_empty()).await.unwrap();
        let mut agents = site.agents.lock().await;
        let agent = agents.get_mut(name).unwrap();
        agent.kill();
        agent.start().unwrap();
    }
    site.converged().await.unwrap();
    assert_one_run_each(&site);
    site.end().await;
}
