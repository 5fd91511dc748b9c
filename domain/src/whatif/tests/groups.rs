//! Majorities: who votes, who is there, what is left of it.

use super::*;

#[test]
fn of_three_masters_one_may_be_lost() {
    let told = Site::healthy(SITE).lose(&["m2"]);
    assert_eq!(
        verdicts(&told),
        [("coordinators", "degraded"), ("etcd", "degraded"), ("kubernetes API", "degraded")],
        "{told:#?}"
    );
    let etcd = layer(&told, LayerKind::Etcd);
    assert_eq!(etcd.votes, Some(Votes { voters: 3, healthy_after: 2, quorum: 2 }));
    assert_eq!((etcd.tolerates, texts(&etcd.left)), (Some(0), vec!["m1", "m3"]));
    assert_eq!(etcd.detail, "3 voters, 2 left, quorum is 2; no more may be lost");
}

#[test]
fn with_two_of_three_masters_nothing_can_be_changed_and_pods_go_on() {
    let told = Site::healthy(SITE).lose(&["m1", "m2"]);
    let lost = [("coordinators", "lost"), ("etcd", "lost"), ("kubernetes API", "lost"), ("joget", "degraded")];
    assert_eq!(verdicts(&told), lost);
    let etcd = &layer(&told, LayerKind::Etcd).detail;
    assert_eq!(etcd, "3 voters, 1 left, quorum is 2; nothing can be changed in Kubernetes, running pods go on");
    // The last one is needed to come back.
    assert_eq!(texts(&told.safe), ["lb1", "lb2", "w2", "s1"]);
}

#[test]
fn a_learner_is_never_a_voter() {
    let mut site = Site::healthy(SITE);
    site.every_cluster(|k| k.etcd.as_mut().unwrap().members.get_mut("m3").unwrap().learner = true);
    assert_eq!(site.votes(QuorumGroup::Etcd, &[]), (2, 2, 2));
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m3"]), (2, 2, 2));
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m2"]), (2, 1, 2));
    let told = site.lose(&["m2"]);
    assert_eq!(layer(&told, LayerKind::Etcd).verdict, Verdict::Lost);
    assert!(layer(&told, LayerKind::Etcd).detail.ends_with("; 1 learner does not vote"), "{told:#?}");
}

#[test]
fn a_master_that_is_silent_already_is_counted_as_lost() {
    let mut site = Site::healthy(SITE);
    site.silence("m3");
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m1"]), (3, 1, 2));
    assert_eq!(site.votes(QuorumGroup::Coordinators, &["m1"]), (3, 1, 2));
    let told = site.lose(&["m1"]);
    assert_eq!(layer(&told, LayerKind::Etcd).verdict, Verdict::Lost);
    assert!(layer(&told, LayerKind::Etcd).detail.ends_with("; m3 counts as lost already"), "{told:#?}");
    assert_eq!(told.absent, [Absent { name: MachineName::new("m3").unwrap(), why: "silent".into() }]);
    assert!(!texts(&told.safe).contains(&"m3"));
}

#[test]
fn a_silent_agent_that_has_just_gone_quiet_still_counts() {
    let mut site = Site::healthy(SITE);
    let seen = site.seen("m3");
    (seen.connected, seen.heard) = (false, Time(NOW.0 - 1_000));
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m1"]), (3, 2, 2));
}

#[test]
fn a_member_that_is_there_but_not_well_gives_no_vote() {
    let mut site = Site::healthy(SITE);
    site.cluster("m3").etcd.as_mut().unwrap().healthy = false;
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m1"]), (3, 1, 2));
    site.cluster("m3").etcd = None;
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m1"]), (3, 1, 2));
}

#[test]
fn where_no_member_tells_the_spec_says_who_votes_and_no_act_counts_on_them() {
    let mut site = Site::healthy(SITE);
    site.every_cluster(|k| k.etcd = None);
    let votes = quorum_after(QuorumGroup::Etcd, &site.input(), &set(&[]));
    assert_eq!((votes, votes.keeps()), (Votes { voters: 3, healthy_after: 0, quorum: 2 }, false));
    let told = site.lose(&["m1"]);
    let etcd = layer(&told, LayerKind::Etcd);
    assert_eq!((etcd.verdict, etcd.votes.unwrap().healthy_after), (Verdict::Degraded, 2));
    assert!(etcd.detail.ends_with("no member tells, so those of the spec are counted"), "{etcd:#?}");
}

#[test]
fn a_removed_member_has_no_vote_any_more_and_a_lost_one_keeps_it() {
    let mut site = Site::healthy(SITE);
    site.silence("m3");
    let removal = |site: &Site, name| quorum_after_removal(QuorumGroup::Etcd, &site.input(), &set(&[name]));
    assert_eq!(removal(&site, "m3"), Votes { voters: 2, healthy_after: 2, quorum: 2 });
    assert!(!removal(&site, "m1").keeps());
    assert_eq!(site.votes(QuorumGroup::Etcd, &["m3"]), (3, 2, 2));
}

#[test]
fn a_coordinator_that_was_removed_or_is_not_installed_yet_gives_no_vote() {
    let mut site = Site::healthy(SITE);
    site.seen("m3").report.components.remove(&Component::Coordinator);
    assert_eq!(site.votes(QuorumGroup::Coordinators, &[]), (3, 2, 2));
    site.seen("m2").report.components.get_mut(&Component::Coordinator).unwrap().state =
        ComponentState::Drifted { what: "unit ha-coordinator is inactive".into() };
    assert_eq!(site.votes(QuorumGroup::Coordinators, &[]), (3, 1, 2));
    site.state.coordinators.get_mut(&CoordinatorId(15)).unwrap().removed = true;
    assert_eq!(site.votes(QuorumGroup::Coordinators, &[]), (2, 1, 2));
}

#[test]
fn coordinators_are_counted_before_the_first_spec_too() {
    let mut site = Site::healthy(SITE);
    site.state.spec = None;
    assert_eq!(site.votes(QuorumGroup::Coordinators, &[]), (3, 3, 2));
    assert_eq!(site.votes(QuorumGroup::Etcd, &[]), (0, 0, 1));
    assert!(!quorum_after(QuorumGroup::Etcd, &site.input(), &set(&[])).keeps());
    assert!(what_if(&site.input(), &set(&[])).is_none() && score(&site.input()).is_none());
}
