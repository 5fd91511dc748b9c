//! Machines that have to leave: what is done with each, in which order, and what it waits for.

use super::*;
use crate::id::CoordinatorId;
use crate::report::NodeStatus;
use crate::state::{CoordinatorRecord, Place};

fn built() -> Site {
    let mut site = Site::new(SITE);
    site.settle(|_| ());
    site
}

/// `machine component` of each step until the end.
fn told(site: &mut Site) -> Vec<String> {
    let mut told = Vec::new();
    site.settle(|steps| told.extend(steps.iter().map(|s| format!("{} {}", s.name, s.component()))));
    told
}

/// What is done about machines that leave, without what their leaving changes on those that stay.
fn retiring(told: &[String]) -> Vec<&str> {
    let is = |line: &&str| ["drain", "remove-node", "reset"].iter().any(|c| line.ends_with(c));
    told.iter().map(String::as_str).filter(is).collect()
}

fn silence(site: &mut Site, name: &str) {
    let id = site.id(name);
    site.observed.get_mut(&id).unwrap().connected = false;
}

/// The reasons of the retirement.
fn waiting(site: &Site) -> String {
    let report = site.plan().report;
    report.concerns.iter().find(|c| c.name == "retirement").unwrap().waiting.join("\n")
}

/// Every control plane lists these nodes and members.
fn list(site: &mut Site, nodes: &[&str], members: &[&str]) {
    for seen in site.observed.values_mut() {
        let Some(kubernetes) = &mut seen.report.kubernetes else { continue };
        kubernetes.nodes = nodes.iter().map(|n| ((*n).to_owned(), NodeStatus::default())).collect();
        let Some(etcd) = &mut kubernetes.etcd else { continue };
        etcd.members = members.iter().map(|m| ((*m).to_owned(), Default::default())).collect();
    }
}

#[test]
fn each_role_leaves_in_its_own_way_and_the_plan_comes_to_an_end() {
    let rows: [(&str, &[&str]); 3] = [
        ("w2", &["m1 drain", "m1 remove-node", "w2 reset"]),
        ("m3", &["m1 drain", "m1 remove-node", "m3 reset"]),
        ("lb1", &["lb1 reset"]),
    ];
    for (name, expected) in rows {
        let mut site = built();
        site.retire(&[name]);
        assert_eq!(retiring(&told(&mut site)), expected, "{name}");
        assert!(site.plan().report.converged(), "{name}: {:#?}", site.plan().report);
        let id = site.id(name);
        assert_eq!(site.state.cleaned(), [id]);
    }
}

#[test]
fn the_master_that_the_cluster_was_begun_on_may_leave_and_the_cluster_is_not_begun_again() {
    let mut site = built();
    site.retire(&["m1"]);
    assert_eq!(retiring(&told(&mut site)), ["m2 drain", "m2 remove-node", "m1 reset"]);
    let id = site.id("m1");
    site.state.machines.get_mut(&id).unwrap().place = Place::Gone;
    // m2 comes back empty while m3 is silent and this leader never heard it.
    for (name, connected) in [("m2", true), ("m3", false)] {
        let id = site.id(name);
        *site.observed.get_mut(&id).unwrap() = Seen { connected, ..Seen::default() };
    }
    site.settle(|steps| assert!(!steps.iter().any(|s| matches!(s.action, Action::ControlPlaneInit(_)))));
}

#[test]
fn several_nodes_leave_one_after_the_other() {
    let mut site =
        Site::new(&SITE.replace("- {name: db1", "- {name: w3, role: worker, address: 10.0.0.33}\n- {name: db1"));
    site.settle(|_| ());
    site.retire(&["w1", "w2"]);
    let told = told(&mut site);
    let expected = ["m1 drain", "m1 remove-node", "w1 reset", "m1 drain", "m1 remove-node", "w2 reset"];
    assert_eq!(retiring(&told), expected);
    assert!(site.plan().report.converged());
}

#[test]
fn a_silent_machine_leaves_the_cluster_and_is_told_of_but_waited_for_by_nobody() {
    let mut site = built();
    silence(&mut site, "w2");
    site.retire(&["w2"]);
    assert_eq!(retiring(&told(&mut site)), ["m1 drain", "m1 remove-node"]);
    assert!(waiting(&site).contains("w2: its agent is silent: it is cleaned when it returns"), "{}", waiting(&site));
    assert!(site.plan().report.converged());
    let name = MachineName::new("w2").unwrap();
    assert_eq!(may_forget(&site.input(), &name), Some(Ok(site.id("w2"))));

    let id = site.id("w2");
    site.observed.get_mut(&id).unwrap().connected = true;
    assert!(may_forget(&site.input(), &name).unwrap().unwrap_err().contains("its agent is there"));
    assert_eq!(told(&mut site), ["w2 reset"]);
}

#[test]
fn a_silent_machine_that_is_still_a_node_may_not_be_forgotten() {
    let mut site = built();
    silence(&mut site, "w2");
    site.retire(&["w2"]);
    let why = may_forget(&site.input(), &MachineName::new("w2").unwrap()).unwrap().unwrap_err();
    assert!(why.contains("needs to be out of the cluster"), "{why}");
    assert_eq!(may_forget(&site.input(), &MachineName::new("w1").unwrap()), None);
}

#[test]
fn a_silent_load_balancer_that_leaves_may_still_hold_a_vip_which_is_said() {
    let mut site = built();
    silence(&mut site, "lb1");
    site.retire(&["lb1"]);
    site.settle(|_| ());
    assert!(waiting(&site).contains("switch it off, it may still hold a VIP"));
}

#[test]
fn a_load_balancer_keeps_the_vips_until_another_can_take_them() {
    let mut site = built();
    silence(&mut site, "lb2");
    site.retire(&["lb1"]);
    assert_eq!(retiring(&told(&mut site)), [""; 0]);
    assert!(waiting(&site).contains("lb1: no other load balancer is there for the VIPs yet"), "{}", waiting(&site));
}

#[test]
fn a_machine_that_leaves_before_there_is_a_cluster_is_only_cleaned() {
    let mut site = Site::new(SITE);
    silence(&mut site, "m1");
    site.retire(&["w2"]);
    assert!(told(&mut site).contains(&"w2 reset".to_owned()));
}

#[test]
fn nothing_is_taken_back_while_a_step_still_makes_it() {
    let mut site = Site::new(SITE);
    let step = site.plan().steps.into_iter().find(|s| s.name.as_str() == "w2").unwrap();
    let status = Status::Granted { at: site.now };
    let record = StepRecord { step: step.clone(), status, index: 1, adopted: site.now, granted: Some(site.now) };
    site.state.journal.insert(step.id.clone(), record);
    site.retire(&["w2"]);
    assert!(retiring(&told(&mut site)).is_empty());
    assert!(waiting(&site).contains(&format!("w2: {} is running", step.id)), "{}", waiting(&site));
}

#[test]
fn steps_that_were_only_offered_are_withdrawn_when_their_machine_has_to_leave_or_comes_back() {
    let mut site = Site::new(SITE);
    let adopt = |site: &mut Site, step: &Step| {
        let status = Status::Adopted { at: site.now };
        let record = StepRecord { step: step.clone(), status, index: 1, adopted: site.now, granted: None };
        site.state.journal.insert(step.id.clone(), record);
    };
    let step = site.plan().steps.into_iter().find(|s| s.name.as_str() == "w2").unwrap();
    adopt(&mut site, &step);
    assert_eq!(settle(&site.input()), []);
    let spec = site.state.spec.clone().unwrap().spec;
    site.retire(&["w2"]);
    assert_eq!(settle(&site.input()), [(step.id.clone(), StepEvent::Cancel)]);
    site.state.journal.remove(&step.id);

    let reset = site.plan().steps.into_iter().find(|s| s.component() == Component::Reset).unwrap();
    adopt(&mut site, &reset);
    site.state.spec.as_mut().unwrap().spec = spec.clone();
    assign(&mut site.state.machines, &spec);
    assert!(settle(&site.input()).contains(&(reset.id, StepEvent::Cancel)));
}

#[test]
fn a_node_that_registers_itself_again_is_taken_out_again() {
    let mut site = built();
    silence(&mut site, "w2");
    site.retire(&["w2"]);
    site.settle(|_| ());
    list(&mut site, &["m1", "m2", "m3", "w1", "w2"], &["m1", "m2", "m3"]);
    assert_eq!(site.plan().steps, [], "the lists are about to show the removal");
    site.now = site.now.plus_ms(60_000);
    assert_eq!(retiring(&told(&mut site)), ["m1 drain", "m1 remove-node"]);
}

#[test]
fn a_master_that_is_well_stays_until_its_successor_is_there() {
    let m4 =
        "- {name: m3, role: control-plane, address: 10.0.0.23}\n- {name: m4, role: control-plane, address: 10.0.0.24}";
    let five = SITE.replace(
        "- {name: m3, role: control-plane, address: 10.0.0.23}",
        &format!("{m4}\n- {{name: m5, role: control-plane, address: 10.0.0.25}}"),
    );
    let mut site = Site::new(&five);
    for name in ["m4", "m5"] {
        silence(&mut site, name);
    }
    site.settle(|_| ());
    site.retire(&["m3", "m5"]);
    assert_eq!(retiring(&told(&mut site)), ["m5 reset"; 0]);
    assert!(waiting(&site).contains("needs node on m4"), "{}", waiting(&site));
    let id = site.id("m4");
    site.observed.get_mut(&id).unwrap().connected = true;
    let told = told(&mut site);
    let place = |line: &str| told.iter().position(|t| t == line);
    assert!(place("m4 node") < place("m1 drain") && place("m3 reset").is_some(), "{told:?}");
}

#[test]
fn members_that_leave_too_count_and_the_last_word_of_a_silent_one_does_not() {
    let mut site = built();
    list(&mut site, &["m1", "m2", "m3", "w1", "w2"], &["m1", "m2", "m3"]);
    silence(&mut site, "m2");
    site.retire(&["m3"]);
    site.settle(|steps| assert!(names(steps, Component::RemoveNode).is_empty()));
    assert!(
        waiting(&site).contains("1 of the 2 control planes that stay are healthy, a quorum is 2"),
        "{}",
        waiting(&site)
    );
}

#[test]
fn the_coordinator_of_a_machine_leaves_before_the_machine_is_cleaned() {
    let mut site = built();
    let record = |host: &str| CoordinatorRecord { host: host.into(), at: Time(1), machine: None, removed: false };
    for (n, host) in ["10.0.0.21", "10.0.0.22", "10.0.0.23"].iter().enumerate() {
        site.state.coordinators.insert(CoordinatorId(n as u64 + 1), record(host));
    }
    assert_eq!(surplus(&site.state), None);
    site.retire(&["m1"]);
    assert_eq!(surplus(&site.state), Some(CoordinatorId(1)));
    site.settle(|steps| assert!(names(steps, Component::Reset).is_empty()));
    assert!(waiting(&site).contains("m1: its coordinator leaves the group first"), "{}", waiting(&site));
    site.state.coordinators.get_mut(&CoordinatorId(1)).unwrap().removed = true;
    assert_eq!(surplus(&site.state), None);
    assert_eq!(told(&mut site), ["m1 reset"]);
}

#[test]
fn a_master_is_removed_by_the_address_it_is_known_by_in_etcd() {
    let mut site = built();
    let id = site.id("m3");
    let pod_network = ["10.0.0.2".parse().unwrap(), "10.0.0.23".parse().unwrap()];
    site.state.machines.get_mut(&id).unwrap().facts.addresses = pod_network.to_vec();
    let removal = |site: &mut Site| {
        let mut peer = None;
        site.settle(|steps| {
            for step in steps {
                if let Action::RemoveNode(remove) = &step.action {
                    peer = remove.etcd_peer;
                }
            }
        });
        peer.unwrap().to_string()
    };
    let mut told = Site { state: site.state.clone(), observed: site.observed.clone(), now: site.now };
    list(&mut told, &["m1", "m2", "m3", "w1", "w2"], &["m1", "m2", "m3"]);
    for seen in told.observed.values_mut() {
        let Some(etcd) = seen.report.kubernetes.as_mut().and_then(|k| k.etcd.as_mut()) else { continue };
        etcd.members.get_mut("m3").unwrap().peer_url = "https://10.9.9.9:2380".into();
    }
    site.retire(&["m3"]);
    assert_eq!(removal(&mut site), "10.0.0.23");
    told.retire(&["m3"]);
    assert_eq!(removal(&mut told), "10.9.9.9");
}

#[test]
fn who_leaves_is_let_through_the_firewall_until_it_has_gone() {
    let allowed = |site: &Site| {
        let firewall =
            site.plan().steps.into_iter().find(|s| s.name.as_str() == "m1" && s.component() == Component::Firewall);
        firewall.map(|s| serde_json::to_string(&s.action).unwrap().contains("10.0.0.32"))
    };
    let mut site = built();
    site.retire(&["w2"]);
    site.settle(|_| ());
    assert_eq!(allowed(&site), None, "nothing has changed yet");
    let id = site.id("w2");
    site.state.machines.get_mut(&id).unwrap().place = Place::Gone;
    assert_eq!(allowed(&site), Some(false));
}
