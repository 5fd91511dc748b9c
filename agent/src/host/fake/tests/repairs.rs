//! What agents repair without any coordinator, and what they leave alone: on machines of a whole simulated site.
//!
//! Time stands still but for what a test waits for.

use std::time::Duration;

use ha_domain::report::{Repair, RepairOutcome};
use ha_domain::step::{Action, Component};
use tokio::task::JoinSet;

use super::site::{SPEC, Site};
use crate::host::Host as _;
use crate::host::UnitVerb;
use crate::{observe, repair};

const HAPROXY: &str = "/etc/haproxy/haproxy.cfg";
const ETCD: &str = "/etc/kubernetes/manifests/etcd.yaml";

async fn built() -> Site {
    let mut site = Site::new(SPEC).await;
    site.converge(|_| ()).await;
    site
}

/// The agent of a machine at work, and nobody who gives it steps.
fn alone(site: &Site, name: &str) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    observe::start(site.agent(name), &mut tasks);
    repair::start(site.agent(name), &mut tasks);
    tasks
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

fn repaired(site: &Site, name: &str, subject: &str) -> Option<Repair> {
    site.agent(name).report().repairs.get(subject).cloned()
}

fn tries(site: &Site, name: &str, subject: &str) -> u32 {
    repaired(site, name, subject).map_or(0, |r| r.count)
}

fn is_left(repair: Option<Repair>, why: &str) -> bool {
    repair.is_some_and(|r| matches!(r.outcome, RepairOutcome::Left { why: said } if said.contains(why)))
}

#[tokio::test(start_paused = true)]
async fn a_deleted_or_corrupted_configuration_is_put_back_at_once() {
    let site = built().await;
    let lb1 = site.machine("lb1");
    let before = lb1.text(HAPROXY);
    let _tasks = alone(&site, "lb1");
    lb1.delete(HAPROXY);
    seconds(4).await;
    assert_eq!(lb1.text(HAPROXY), before);
    lb1.edit(HAPROXY, "simulated-error\n");
    seconds(8).await;
    assert_eq!(lb1.text(HAPROXY), before);
    let repair = repaired(&site, "lb1", "haproxy").unwrap();
    assert_eq!((repair.count, repair.spent, &repair.outcome), (2, false, &RepairOutcome::Healed));
    assert!(repair.what.contains(HAPROXY), "{repair:?}");
}

#[tokio::test(start_paused = true)]
async fn the_leader_hears_of_no_drift_that_the_agent_repairs() {
    let site = built().await;
    let mut changes = site.agent("lb1").changes();
    let _tasks = alone(&site, "lb1");
    site.machine("lb1").delete(HAPROXY);
    let never_drifted = async {
        while changes.changed().await.is_ok() {
            let report = site.agent("lb1").report();
            let digest = site.agent("lb1").wanted.all()[&Component::Haproxy].digest();
            assert!(report.converged(Component::Haproxy, &digest));
        }
    };
    tokio::select! {
        () = never_drifted => {}
        () = seconds(60) => {}
    }
    assert_eq!(tries(&site, "lb1", "haproxy"), 1);
}

#[tokio::test(start_paused = true)]
async fn what_needs_a_secret_is_left_to_the_coordinator_and_said() {
    let site = built().await;
    let db1 = site.machine("db1");
    let _tasks = alone(&site, "db1");
    db1.delete("/etc/mysql/ha-mesh/server.key");
    seconds(60).await;
    assert_eq!(db1.text("/etc/mysql/ha-mesh/server.key"), None);
    assert!(is_left(repaired(&site, "db1", "database"), "DatabaseKey"));
    assert_eq!(tries(&site, "db1", "database"), 1, "trying again would not help");
    let report = site.agent("db1").report();
    assert!(!report.converged(Component::Database, &site.agent("db1").wanted.all()[&Component::Database].digest()));
}

#[tokio::test(start_paused = true)]
async fn a_servers_configuration_is_put_back_without_its_secrets() {
    let site = built().await;
    let (db1, path) = (site.machine("db1"), "/etc/mysql/mariadb.conf.d/60-ha-mesh.cnf");
    let before = db1.text(path);
    let _tasks = alone(&site, "db1");
    db1.delete(path);
    seconds(4).await;
    assert_eq!(db1.text(path), before);
}

#[tokio::test(start_paused = true)]
async fn a_budget_that_is_spent_ends_the_repairs_and_is_said() {
    let site = built().await;
    let lb1 = site.machine("lb1");
    let _tasks = alone(&site, "lb1");
    for _ in 0..6 {
        lb1.edit(HAPROXY, "# mine\n");
        seconds(70).await;
    }
    assert_eq!(lb1.text(HAPROXY).as_deref(), Some("# mine\n"), "no sixth repair");
    let repair = repaired(&site, "lb1", "haproxy").unwrap();
    assert_eq!((repair.count, repair.spent), (5, true));
    seconds(600).await;
    assert_ne!(lb1.text(HAPROXY).as_deref(), Some("# mine\n"), "tries fall out of the window");
}

#[tokio::test(start_paused = true)]
async fn a_unit_that_fell_is_started_and_one_that_a_person_disabled_stays_down() {
    let site = built().await;
    let lb1 = site.machine("lb1");
    let _tasks = alone(&site, "lb1");
    lb1.kill_unit("keepalived");
    seconds(4).await;
    assert!(lb1.is_active("keepalived"));
    lb1.control("haproxy", UnitVerb::Disable).await.unwrap();
    lb1.control("haproxy", UnitVerb::Stop).await.unwrap();
    seconds(60).await;
    assert!(!lb1.is_active("haproxy"), "it could be started");
    lb1.delete(HAPROXY);
    seconds(60).await;
    assert!(!lb1.is_active("haproxy"));
    assert!(is_left(repaired(&site, "lb1", "haproxy"), "haproxy.service was disabled"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_repaired_while_a_step_is_at_work_and_no_step_begins_within_a_repair() {
    let site = built().await;
    let (lb1, agent) = (site.machine("lb1"), site.agent("lb1"));
    let _tasks = alone(&site, "lb1");
    let keepalived = agent.wanted.all()[&Component::Keepalived].clone();
    let step = agent.occupy(&keepalived).await;
    lb1.delete(HAPROXY);
    lb1.kill_unit("haproxy");
    lb1.hang("keepalived");
    seconds(60).await;
    assert!(lb1.text(HAPROXY).is_none() && !lb1.is_active("haproxy") && agent.report().repairs.is_empty());
    drop(step);
    seconds(30).await;
    assert!(lb1.text(HAPROXY).is_some() && lb1.is_active("haproxy"));
    let repairing = agent.begin_repair(None).unwrap();
    let waits = tokio::time::timeout(Duration::from_secs(60), agent.occupy(&keepalived)).await;
    assert!(waits.is_err(), "the step waits for the repair");
    drop(repairing);
    let _step = agent.occupy(&keepalived).await;
    assert!(agent.begin_repair(None).is_none());
}

#[tokio::test(start_paused = true)]
async fn what_a_failed_step_wanted_is_not_undone() {
    let site = built().await;
    let (lb1, agent) = (site.machine("lb1"), site.agent("lb1"));
    let Some(Action::Haproxy(mut next)) = agent.wanted.all().remove(&Component::Haproxy) else { panic!("no balancer") };
    next.timeouts.connect += 1_000;
    drop(agent.occupy(&Action::Haproxy(next)).await);
    let _tasks = alone(&site, "lb1");
    lb1.edit(HAPROXY, "# half of a newer one\n");
    seconds(60).await;
    assert_eq!(lb1.text(HAPROXY).as_deref(), Some("# half of a newer one\n"));
}

#[tokio::test(start_paused = true)]
async fn a_wiped_manifest_is_put_back_byte_for_byte() {
    let site = built().await;
    let m1 = site.machine("m1");
    let before = m1.text(ETCD);
    let _tasks = alone(&site, "m1");
    seconds(4).await;
    for broken in ["", "kind: Pod\nspec:\n  containers:\n  - name: etcd\n", "{"] {
        m1.edit(ETCD, broken);
        seconds(10).await;
        assert_eq!(m1.text(ETCD), before, "{broken:?}");
    }
    m1.delete(ETCD);
    seconds(25).await;
    assert_eq!(m1.text(ETCD), before);
    let mode = |s: Option<crate::host::Stat>| s.map(|s| s.mode);
    let copy = "/var/lib/ha-mesh/kubernetes-files/etc_kubernetes_manifests_etcd.yaml";
    assert_eq!(mode(m1.stat(std::path::Path::new(copy)).await.unwrap()), Some(0o600));
}

#[tokio::test(start_paused = true)]
async fn a_manifest_that_was_changed_and_is_valid_is_not_fought_and_becomes_the_good_copy_once_it_is_proven() {
    let site = built().await;
    let m1 = site.machine("m1");
    let (old, subject) = (m1.text(ETCD).unwrap(), format!("file {ETCD}"));
    let _tasks = alone(&site, "m1");
    seconds(4).await;
    let new = old.replace("image: ", "image: mirror/");
    m1.edit(ETCD, &new);
    seconds(60).await;
    assert_eq!(m1.text(ETCD).as_deref(), Some(new.as_str()));
    assert!(is_left(repaired(&site, "m1", &subject), "somebody else changed it"));
    m1.delete(ETCD);
    seconds(4).await;
    assert_eq!(m1.text(ETCD).as_deref(), Some(old.as_str()), "it was not proven yet");
    m1.edit(ETCD, &new);
    seconds(200).await;
    m1.delete(ETCD);
    seconds(4).await;
    assert_eq!(m1.text(ETCD).as_deref(), Some(new.as_str()), "the node was well with it");
}

#[tokio::test(start_paused = true)]
async fn a_node_whose_kubelet_is_disabled_is_let_be() {
    let site = built().await;
    let m1 = site.machine("m1");
    let _tasks = alone(&site, "m1");
    seconds(4).await;
    m1.control("kubelet", UnitVerb::Disable).await.unwrap();
    m1.delete(ETCD);
    seconds(60).await;
    assert_eq!(m1.text(ETCD), None);
    assert!(is_left(repaired(&site, "m1", &format!("file {ETCD}")), "disabled"));
}

#[tokio::test(start_paused = true)]
async fn a_reset_takes_the_copies_of_what_kubeadm_made_with_it() {
    let site = built().await;
    let tasks = alone(&site, "m3");
    seconds(4).await;
    drop(tasks);
    let copies = std::path::Path::new("/var/lib/ha-mesh/kubernetes-files");
    assert!(site.machine("m3").stat(copies).await.unwrap().is_some());
    site.ensure(&"m3".parse().unwrap(), &Action::Reset(ha_domain::step::Reset { leave: false })).await.unwrap();
    assert!(site.machine("m3").stat(copies).await.unwrap().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_hung_unit_is_ended_by_force_after_several_silent_looks_and_not_before() {
    let site = built().await;
    for (name, unit) in [("lb1", "haproxy"), ("lb1", "keepalived"), ("m1", "containerd"), ("w1", "kubelet")] {
        let machine = site.machine(name);
        let before = machine.unit(unit).await.unwrap().pid;
        let tasks = alone(&site, name);
        seconds(1).await;
        machine.hang(unit);
        seconds(6).await;
        assert_eq!(machine.unit(unit).await.unwrap().pid, before, "{unit}: not so soon");
        seconds(9).await;
        let after = machine.unit(unit).await.unwrap();
        assert!(after.active == "active" && after.pid != before, "{unit}: {after:?}");
        seconds(60).await;
        assert_eq!(tries(&site, name, &format!("unit {unit}.service")), 1, "{unit}");
        drop(tasks);
    }
}

#[tokio::test(start_paused = true)]
async fn a_hung_static_pods_process_is_ended_and_the_kubelet_starts_another() {
    let site = built().await;
    for pod in ["etcd", "kube-apiserver"] {
        let m1 = site.machine("m1");
        let _tasks = alone(&site, "m1");
        m1.hang(pod);
        seconds(15).await;
        let repair = repaired(&site, "m1", &format!("process {pod}")).unwrap();
        assert_eq!((repair.count, &repair.outcome), (1, &RepairOutcome::Healed), "{repair:?}");
        seconds(60).await;
        assert_eq!(tries(&site, "m1", &format!("process {pod}")), 1, "it answers again");
    }
}

#[tokio::test(start_paused = true)]
async fn one_silent_look_moves_nothing() {
    let site = built().await;
    let w1 = site.machine("w1");
    let before = w1.unit("kubelet").await.unwrap().pid;
    let _tasks = alone(&site, "w1");
    for _ in 0..8 {
        w1.hang("kubelet");
        seconds(3).await;
        w1.resume("kubelet");
        seconds(3).await;
    }
    assert_eq!(w1.unit("kubelet").await.unwrap().pid, before);
}

#[tokio::test(start_paused = true)]
async fn a_hang_is_not_told_as_drift_while_it_may_be_ended() {
    let site = built().await;
    let digest = site.agent("lb1").wanted.all()[&Component::Haproxy].digest();
    let _tasks = alone(&site, "lb1");
    site.machine("lb1").hang("haproxy");
    for _ in 0..30 {
        seconds(1).await;
        assert!(site.agent("lb1").report().converged(Component::Haproxy, &digest));
    }
}
