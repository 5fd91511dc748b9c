//! Load balancers, workers, the database, storage and Joget.

use super::*;

#[test]
fn one_of_two_load_balancers_hands_its_vips_over() {
    let told = Site::healthy(SITE).lose(&["lb1"]);
    assert_eq!(verdicts(&told), [("load balancing", "degraded")]);
    let vips: Vec<_> = told.vips.iter().map(|v| (v.name.as_str(), texts(&v.today), texts(&v.then))).collect();
    assert_eq!(vips, [("api", vec!["lb1"], vec!["lb2"]), ("apps", vec!["lb1"], vec!["lb2"])]);
    let detail = &layer(&told, LayerKind::LoadBalancing).detail;
    let moved = "the api VIP moves to lb2 and the apps VIP moves to lb2 after about 600 ms";
    assert_eq!(detail, &format!("1 of 2 load balancers left; no more may be lost; {moved}"));
}

#[test]
fn the_other_load_balancer_takes_no_vip_from_one_that_keeps_it() {
    let told = Site::healthy(SITE).lose(&["w2"]);
    assert!(told.vips.iter().all(|v| texts(&v.then) == ["lb1"]), "{:?}", told.vips);
    let told = Site::healthy(SITE).lose(&["lb2"]);
    assert!(told.vips.iter().all(|v| texts(&v.then) == ["lb1"]), "{:?}", told.vips);
    assert!(!layer(&told, LayerKind::LoadBalancing).detail.contains("moves"));
}

#[test]
fn without_a_load_balancer_nobody_reaches_anything() {
    let told = Site::healthy(SITE).lose(&["lb1", "lb2"]);
    assert_eq!(verdicts(&told), [("kubernetes API", "lost"), ("load balancing", "lost"), ("joget", "lost")]);
    assert!(told.vips.iter().all(|v| v.then.is_empty()));
    assert_eq!(layer(&told, LayerKind::Joget).detail, "does not serve: no machine holds the apps VIP");
}

#[test]
fn a_load_balancer_whose_haproxy_is_down_takes_no_vip() {
    let mut site = Site::healthy(SITE);
    site.seen("lb2").report.balance.as_mut().unwrap().haproxy_alive = false;
    assert_eq!(layer(&site.lose(&["lb1"]), LayerKind::LoadBalancing).verdict, Verdict::Lost);
}

#[test]
fn a_replica_moves_to_the_other_worker_and_the_wait_is_told() {
    let told = Site::healthy(SITE).lose(&["w1"]);
    assert_eq!(verdicts(&told), [("workers", "degraded"), ("joget", "degraded")]);
    assert_eq!(told.joget.displaced, ["joget/joget-1 on w1"]);
    assert_eq!((told.joget.room, told.joget.moved_after_s, told.joget.interrupts()), (Room::Enough, Some(65), true));
    let detail = &layer(&told, LayerKind::Joget).detail;
    assert!(
        detail.starts_with("joget/joget-1 on w1: w2 has room; Kubernetes calls the node Unknown after 50 s"),
        "{detail}"
    );
    assert!(detail.ends_with("until then nobody has Joget"), "{detail}");
    assert_eq!(Site::healthy(SITE).lose(&["w2"]).joget, Replicas { stay: 1, ..Replicas::default() });
}

#[test]
fn room_is_counted_from_what_is_requested_and_what_machines_report() {
    let mut site = Site::healthy(SITE);
    site.seen("w2").report.facts.memory_mib = 1_024;
    let told = site.lose(&["w1"]);
    assert_eq!((told.joget.room, told.joget.moved_after_s), (Room::TooLittle, None));
    let joget = layer(&told, LayerKind::Joget);
    assert_eq!(joget.verdict, Verdict::Lost);
    assert!(joget.detail.contains("w2 has no room for what it requests (500m CPU, 2Gi memory)"), "{joget:?}");
    site.seen("w2").report.facts.memory_mib = 0;
    let told = site.lose(&["w1"]);
    assert_eq!((told.joget.room, layer(&told, LayerKind::Joget).verdict), (Room::NotKnown, Verdict::Degraded));
    assert!(layer(&told, LayerKind::Joget).detail.contains("whether w2 has room is not known"));
}

#[test]
fn a_cordoned_worker_or_one_that_is_not_ready_takes_no_replica() {
    for change in [|n: &mut NodeStatus| n.unschedulable = true, |n: &mut NodeStatus| n.ready = false] {
        let mut site = Site::healthy(SITE);
        site.every_cluster(|k| change(k.nodes.get_mut("w2").unwrap()));
        let told = site.lose(&["w1"]);
        assert_eq!((told.joget.room, layer(&told, LayerKind::Joget).verdict), (Room::TooLittle, Verdict::Lost));
    }
}

#[test]
fn of_two_replicas_one_goes_on() {
    let mut site = Site::healthy(SITE);
    site.state.spec.as_mut().unwrap().spec.joget.replicas = 2;
    site.every_cluster(|k| drop(k.pods.insert("joget/joget-2".into(), pod("w2"))));
    let told = site.lose(&["w1"]);
    assert!(!told.joget.interrupts());
    let joget = layer(&told, LayerKind::Joget);
    assert_eq!(joget.verdict, Verdict::Degraded);
    assert!(joget.detail.starts_with("1 of 2 replicas on w2 goes on; joget/joget-1 on w1: w2 has room"), "{joget:?}");
}

#[test]
fn without_the_api_no_replica_is_started_elsewhere() {
    let told = Site::healthy(SITE).lose(&["m1", "m2", "w1"]);
    let joget = layer(&told, LayerKind::Joget);
    assert_eq!((joget.verdict, told.joget.moved_after_s), (Verdict::Lost, None));
    assert!(joget.detail.contains("started nowhere else"), "{joget:?}");
}

#[test]
fn the_only_worker_takes_joget_with_it() {
    let one = SITE.replace("- {name: w2, role: worker, address: 10.0.0.32}\n", "");
    let told = Site::healthy(&one).lose(&["w1"]);
    assert_eq!(verdicts(&told), [("workers", "lost"), ("joget", "lost")]);
    assert_eq!(layer(&told, LayerKind::Joget).detail, "does not serve: no worker is left");
}

#[test]
fn the_only_database_is_lost_with_what_came_after_its_last_backup() {
    let told = Site::healthy(SITE).lose(&["db1"]);
    assert_eq!(verdicts(&told), [("database", "lost"), ("joget", "lost")]);
    assert_eq!(told.data.len(), 1);
    assert_eq!((told.data[0].layer, told.data[0].window_ms), (LayerKind::Database, Some(11 * HOUR)));
    let detail = &layer(&told, LayerKind::Database).detail;
    let gone = "if db1 never returns, what it took since its last backup 11 h ago is gone";
    assert_eq!(detail, &format!("mariadb ran on db1 alone; {gone}"));
}

#[test]
fn a_database_without_a_backup_that_survives_is_lost_whole() {
    let mut site = Site::healthy(SITE);
    site.seen("db1").report.database.as_mut().unwrap().last_backup = None;
    let told = site.lose(&["db1"]);
    assert_eq!((told.data[0].window_ms, told.data[0].detail.as_str()), (None, "all of it (no backup is known)"));

    let mut site = Site::healthy(SITE);
    let told = site.lose(&["db1", "m1", "m2", "m3"]);
    assert!(told.data[0].window_ms.is_none() && told.data[0].detail.contains("copies"), "{:?}", told.data);
    assert!(site.lose(&["db1", "m1", "m2"]).data[0].window_ms.is_some());

    site.state.spec.as_mut().unwrap().spec.database.backups.copies = 0;
    assert_eq!(site.lose(&["db1"]).data[0].window_ms, None);
}

#[test]
fn a_second_database_machine_is_not_taken_for_a_replica() {
    let two = SITE.replace("- {name: s1,", "- {name: db2, role: database, address: 10.0.0.42}\n- {name: s1,");
    let told = Site::healthy(&two).lose(&["db1"]);
    assert_eq!(layer(&told, LayerKind::Database).verdict, Verdict::Lost);
    assert!(layer(&told, LayerKind::Database).detail.contains("(db2 does not replicate it)"));
    assert!(Site::healthy(&two).lose(&["db2"]).data.is_empty());
}

#[test]
fn local_files_are_lost_with_their_worker_and_the_replica_has_nowhere_to_go() {
    let local = SITE.replace("storage: {kind: shared, path: /srv/shared}\n", "");
    let told = Site::healthy(&local).lose(&["w1"]);
    assert_eq!(verdicts(&told), [("workers", "degraded"), ("storage", "lost"), ("joget", "lost")]);
    assert_eq!((told.data[0].layer, told.joget.room), (LayerKind::Storage, Room::TooLittle));
    assert!(Site::healthy(&local).lose(&["w2"]).data.is_empty());
}

#[test]
fn nfs_is_lost_with_its_storage_machine_but_not_with_one_the_site_brings() {
    let nfs = SITE
        .replace("kind: shared, path: /srv/shared", "kind: nfs")
        .replace("- {name: s1, role: spare, address: 10.0.0.51}", "- {name: nfs1, role: storage, address: 10.0.0.51}");
    let told = Site::healthy(&nfs).lose(&["nfs1"]);
    assert_eq!(verdicts(&told), [("storage", "lost"), ("joget", "lost")]);
    let brought = nfs.replace("kind: nfs", "kind: nfs, server: 10.9.9.9");
    let told = Site::healthy(&brought).lose(&["nfs1"]);
    assert_eq!((verdicts(&told), layer(&told, LayerKind::Storage).tolerates), (vec![], None));
    let named = nfs.replace("kind: nfs", "kind: nfs, server: 10.0.0.51");
    assert_eq!(layer(&Site::healthy(&named).lose(&["nfs1"]), LayerKind::Storage).verdict, Verdict::Lost);
}
