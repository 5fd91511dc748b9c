//! A site is built, broken and healed by the planner and the actions on simulated machines.

use std::net::IpAddr;

use ha_domain::step::{Action, Component, Reset};

use super::site::{SPEC, Site};
use crate::host::fake::Cable;

const API_VIP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 10));
const APPS_VIP: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(10, 0, 0, 9));

async fn built() -> Site {
    let mut site = Site::new(SPEC).await;
    site.converge(|_| ()).await;
    site
}

#[tokio::test]
async fn fresh_machines_become_a_site_that_serves() {
    let site = built().await;
    site.assert_converged();
    assert_eq!(site.world.etcd_members(), ["m1", "m2", "m3"]);
    assert_eq!(site.world.nodes(), ["m1", "m2", "m3", "w1", "w2"]);
    assert!(site.world.is_joget_set_up());
}

#[tokio::test]
async fn applying_again_does_nothing() {
    let mut site = built().await;
    site.converge(|step| panic!("{}", step.id)).await;
}

#[tokio::test]
async fn agents_that_start_again_find_everything_as_it_was() {
    let mut site = built().await;
    site.start_agents().await;
    site.converge(|step| panic!("{}: {}", step.id, step.why)).await;
}

#[tokio::test]
async fn a_virtual_address_moves_when_its_holder_falls_and_does_not_move_back() {
    let site = built().await;
    let holder = site.world.vip_holder(API_VIP).unwrap();
    site.machine(&holder).power_off();
    let next = site.world.vip_holder(API_VIP).unwrap();
    assert_ne!(next, holder);
    site.machine(&holder).power_on();
    assert_eq!(site.world.vip_holder(API_VIP).unwrap(), next);
    site.machine(&next).kill_unit("haproxy");
    assert_eq!(site.world.vip_holder(APPS_VIP).unwrap(), holder);
}

#[tokio::test]
async fn a_file_that_a_person_edited_is_put_back() {
    let mut site = built().await;
    site.machine("lb1").edit("/etc/haproxy/haproxy.cfg", "# mine\n");
    let mut done = Vec::new();
    site.converge(|step| done.push((step.name.to_string(), step.component()))).await;
    assert_eq!(done, [("lb1".to_owned(), Component::Haproxy)]);
    site.assert_converged();
}

#[tokio::test]
async fn the_whole_site_comes_back_after_a_power_cut() {
    let mut site = built().await;
    site.machines.values().for_each(|m| m.power_off());
    site.machines.values().for_each(|m| m.power_on());
    site.start_agents().await;
    site.converge(|step| panic!("{}: {}", step.id, step.why)).await;
    site.assert_converged();
}

#[tokio::test]
async fn two_cut_masters_of_three_stop_the_api_and_give_it_back() {
    let site = built().await;
    let path = "/api/v1/nodes/m1";
    assert!(site.world.object(path).is_some());
    for name in ["m1", "m2"] {
        site.machine(name).set_cable(Cable::Pulled);
    }
    let refused = site.ensure(&"m3".parse().unwrap(), &network_action(&site)).await;
    assert!(refused.is_err(), "no quorum, no change");
    site.machine("m1").set_cable(Cable::Plugged);
    site.ensure(&"m3".parse().unwrap(), &network_action(&site)).await.unwrap();
}

fn network_action(site: &Site) -> ha_domain::step::Action {
    let steps = site.state.journal.values().map(|r| &r.step);
    steps.filter(|s| s.component() == Component::Network).map(|s| s.action.clone()).next().unwrap()
}

#[tokio::test]
async fn a_removed_worker_is_drained_and_leaves_the_cluster() {
    let mut site = built().await;
    site.retire("w2");
    site.converge(|_| ()).await;
    assert_eq!(site.world.nodes(), ["m1", "m2", "m3", "w1"]);
    site.assert_converged();
}

#[tokio::test]
async fn a_site_with_postgresql_is_built_too() {
    let mut site = Site::new(&SPEC.replace("kind: mariadb", "kind: postgresql")).await;
    site.converge(|_| ()).await;
    site.assert_converged();
    assert!(site.world.is_joget_set_up());
}

#[tokio::test]
async fn a_removed_master_leaves_etcd_and_the_cluster() {
    let mut site = built().await;
    site.retire("m3");
    site.converge(|_| ()).await;
    assert_eq!((site.world.nodes().len(), site.world.etcd_members()), (4, vec!["m1".to_owned(), "m2".to_owned()]));
    site.assert_converged();
}

#[tokio::test]
async fn a_reset_takes_back_what_was_made_and_nothing_else() {
    let site = built().await;
    let before = "global\n  daemon\n";
    site.machine("lb1").edit("/etc/foreign.conf", "a person's");
    for name in ["lb1", "m3", "w2", "db1"] {
        site.ensure(&name.parse().unwrap(), &Action::Reset(Reset { leave: false })).await.unwrap();
        assert!(site.ledger(name).entries().is_empty() && site.ledger(name).owned_units().is_empty());
    }
    let lb1 = site.machine("lb1");
    assert_eq!(lb1.text("/etc/haproxy/haproxy.cfg").as_deref(), Some(before), "the distribution's own is back");
    assert_eq!(lb1.text("/etc/foreign.conf").as_deref(), Some("a person's"));
    assert_eq!(lb1.text("/etc/keepalived/keepalived.conf"), None);
    assert!(!lb1.is_active("haproxy"));
    assert_eq!(site.world.etcd_members(), ["m1", "m2"], "its member left with it");
    let m3 = site.machine("m3");
    assert_eq!((m3.text("/etc/kubernetes/admin.conf"), m3.text("/usr/local/bin/kubeadm")), (None, None));
    assert!(site.machine("db1").text("/var/lib/mysql/ibdata1").is_some(), "data is never removed");
}
