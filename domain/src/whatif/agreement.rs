//! Coordinators and etcd: what needs a majority. Knows nothing of what is decided with it.

use super::quorum::{self, Group, Voter};
use super::scene::Scene;
use super::words::{counted, names, tolerance};
use super::{LayerKind, LayerLoss, QuorumGroup, Verdict, Votes};
use crate::id::MachineName;

pub(super) fn coordinators(scene: &Scene<'_, '_>) -> LayerLoss {
    let group = quorum::of(QuorumGroup::Coordinators, scene.input);
    let without = "nothing can be applied, planned or healed, everything that runs goes on";
    layer(scene, LayerKind::Coordinators, &group, without)
}

pub(super) fn etcd(scene: &Scene<'_, '_>) -> LayerLoss {
    let mut group = quorum::etcd(scene.world);
    if !group.told {
        // A question is answered for the site as it is wanted; an act is not, see `quorum`.
        group.voters.iter_mut().for_each(|v| v.well = true);
    }
    layer(scene, LayerKind::Etcd, &group, "nothing can be changed in Kubernetes, running pods go on")
}

fn layer(scene: &Scene<'_, '_>, layer: LayerKind, group: &Group, without: &str) -> LayerLoss {
    let votes = group.votes(scene.lost);
    let there = group.voters.iter().filter(|v| v.here && v.well).filter_map(|v| MachineName::new(&v.name).ok());
    LayerLoss {
        layer,
        verdict: verdict(votes),
        left: there.filter(|name| scene.has(name)).collect(),
        votes: Some(votes),
        tolerates: Some(votes.tolerates()),
        detail: detail(group, votes, without),
    }
}

fn verdict(votes: Votes) -> Verdict {
    match (votes.keeps(), votes.is_reduced()) {
        (false, _) => Verdict::Lost,
        (true, true) => Verdict::Degraded,
        (true, false) => Verdict::Holds,
    }
}

fn detail(group: &Group, votes: Votes, without: &str) -> String {
    let then = if votes.keeps() { tolerance(votes.tolerates()) } else { without.to_owned() };
    let left = votes.healthy_after;
    let mut text = format!("{}, {left} left, quorum is {}; {then}", counted(votes.voters, "voter"), votes.quorum);
    if group.learners > 0 {
        let verb = if group.learners == 1 { "does" } else { "do" };
        text.push_str(&format!("; {} {verb} not vote", counted(group.learners, "learner")));
    }
    let missing: Vec<&str> = group.voters.iter().filter(|v| !is_there(v)).map(|v| v.name.as_str()).collect();
    if !missing.is_empty() {
        let verb = if missing.len() == 1 { "counts" } else { "count" };
        text.push_str(&format!("; {} {verb} as lost already", names(&missing)));
    }
    if !group.told {
        text.push_str("; no member tells, so those of the spec are counted");
    }
    text
}

fn is_there(voter: &Voter) -> bool {
    voter.here && voter.well
}
