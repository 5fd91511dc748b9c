//! The whole site: what stays safe, what each loss alone costs, and names that are not known.

use super::*;

fn lines(site: &Site) -> Vec<(String, u32)> {
    score(&site.input()).unwrap().losses.into_iter().map(|l| (l.name, l.score)).collect()
}

#[test]
fn nothing_lost_breaks_nothing() {
    let told = Site::healthy(SITE).lose(&[]);
    assert_eq!(verdicts(&told), []);
    assert_eq!((told.data, told.joget.displaced.len(), told.absent), (vec![], 0, vec![]));
    // db1 is alone; w1 has the only replica.
    assert_eq!(texts(&told.safe), ["lb1", "lb2", "m1", "m2", "m3", "w2", "s1"]);
}

#[test]
fn what_stays_safe_is_what_no_layer_then_needs() {
    let told = Site::healthy(SITE).lose(&["lb1", "m1"]);
    assert_eq!(texts(&told.safe), ["w2", "s1"]);
}

#[test]
fn a_hypervisor_with_two_masters_takes_the_quorum_with_it() {
    let shared = SITE.replace("10.0.0.22, hypervisor: hv-b", "10.0.0.22, hypervisor: hv-a");
    let site = Site::healthy(&shared);
    let lost = taken(site.spec(), &[], "hv-a").unwrap();
    assert_eq!(texts(&lost.iter().cloned().collect::<Vec<_>>()), ["lb1", "m1", "m2"]);
    let told = what_if(&site.input(), &lost).unwrap();
    assert_eq!(layer(&told, LayerKind::Etcd).verdict, Verdict::Lost);
    let score = score(&site.input()).unwrap();
    assert_eq!(score.losses[0].name, "hv-a");
    assert_eq!(score.losses[0].lost, [LayerKind::Coordinators, LayerKind::Etcd, LayerKind::Kubernetes]);
    // Only machines are counted as points of failure.
    assert_eq!(score.points, 1);
}

#[test]
fn the_worst_loss_comes_first_and_equal_ones_in_the_order_of_the_spec() {
    let expected = [
        ("db1", 25),
        ("w1", 5),
        ("hv-a", 4),
        ("hv-b", 4),
        ("m1", 3),
        ("m2", 3),
        ("m3", 3),
        ("hv-c", 3),
        ("lb1", 1),
        ("lb2", 1),
        ("w2", 1),
        ("s1", 0),
    ];
    assert_eq!(lines(&Site::healthy(SITE)), expected.map(|(name, score)| (name.to_owned(), score)));
}

#[test]
fn a_loss_costs_only_what_is_not_lost_already() {
    let mut site = Site::healthy(SITE);
    site.silence("db1");
    let told = score(&site.input()).unwrap();
    assert_eq!((told.lost_already, told.points), (vec![LayerKind::Database, LayerKind::Joget], 0));
    let db1 = told.losses.iter().find(|l| l.name == "db1").unwrap();
    assert_eq!((db1.score, db1.absent), (0, true));
    site.silence("m3");
    let told = score(&site.input()).unwrap();
    let m1 = told.losses.iter().find(|l| l.name == "m1").unwrap();
    assert_eq!(m1.lost, [LayerKind::Coordinators, LayerKind::Etcd, LayerKind::Kubernetes]);
    assert_eq!(told.points, 2);
}

#[test]
fn names_that_are_not_known_are_told_with_the_nearest() {
    let site = Site::healthy(SITE);
    let wrong = |names: &[&str], hypervisor| {
        let names: Vec<String> = names.iter().map(|n| (*n).to_owned()).collect();
        taken(site.spec(), &names, hypervisor).unwrap_err().to_string()
    };
    assert_eq!(wrong(&["m1", "w9"], ""), "there is no machine \"w9\"; did you mean w1 or w2?");
    assert_eq!(wrong(&[], "hv-d"), "there is no hypervisor \"hv-d\"; did you mean hv-a or hv-b or hv-c?");
    assert!(wrong(&["frontend"], "").contains("known are db1, lb1"), "{}", wrong(&["frontend"], ""));
    assert_eq!(taken(site.spec(), &["w1".into(), "w1".into()], "hv-c").unwrap(), set(&["m3", "w1"]));
}

#[test]
fn what_is_told_survives_the_wire() {
    let site = Site::healthy(SITE);
    let told = site.lose(&["w1", "db1"]);
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<WhatIf>(&text).unwrap(), told);
    let told = score(&site.input()).unwrap();
    let text = serde_json::to_string(&told).unwrap();
    assert_eq!(serde_json::from_str::<Score>(&text).unwrap(), told);
    assert!(text.contains("\"taken\":\"hypervisor\"") && text.contains("\"lostAlready\""), "{text}");
}
