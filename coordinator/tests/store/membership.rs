//! Replicas come, catch up, vote, are replaced and go.

use std::net::SocketAddr;

use ha_coordinator::store::{MemberError, Role};
use ha_domain::id::CoordinatorId;
use ha_proto::v1::peer_client::PeerClient;
use ha_proto::v1::{Ballot, PeerRoute, VoteRequest};

use crate::cluster::{Begin, Cluster, Node, within};
use crate::machine::set;

/// More than a snapshot's worth of entries, so that the first of them are purged.
async fn fill(cluster: &Cluster) {
    let store = &cluster.leader().await.store;
    for batch in 0..14 {
        let mut writes = tokio::task::JoinSet::new();
        for i in 0..500 {
            let (store, command) = (store.clone(), set(format!("key{i}"), batch));
            writes.spawn(async move { store.propose(command).await.map(drop) });
        }
        within("a batch", writes.join_all()).await.into_iter().for_each(|written| written.unwrap());
    }
}

#[tokio::test]
async fn a_new_replica_gets_a_snapshot_and_then_votes() {
    let mut cluster = Cluster::of(1).await;
    fill(&cluster).await;
    cluster.learner(2).await;
    cluster.leader().await.store.promote(CoordinatorId(2)).await.unwrap();
    let index = cluster.set("last", "1").await;
    let newcomer = cluster.nodes.last().unwrap();
    newcomer.until_applied(index).await;
    assert_eq!(newcomer.store.peek(|t| t.clone()), cluster.nodes[0].store.peek(|t| t.clone()));
    let members = cluster.leader().await.store.members();
    assert!(members.iter().all(|m| m.role == Role::Voter && m.matched.is_some()), "{members:?}");
}

#[tokio::test]
async fn a_dead_voter_is_replaced_by_a_new_replica() {
    let mut cluster = Cluster::of(3).await;
    let leader = cluster.leader().await.id();
    let dead = cluster.nodes.iter().map(|n| n.id()).find(|id| *id != leader).unwrap();
    cluster.take(dead).kill().await;
    let fresh = cluster.leader().await.store.next_id().await.unwrap();
    assert!(fresh.0 > 3);
    cluster.learner(fresh.0).await;
    cluster.leader().await.store.replace(dead, fresh).await.unwrap();
    let members = cluster.leader().await.store.members();
    let ids: Vec<_> = members.iter().map(|m| m.id).collect();
    assert!(ids.len() == 3 && ids.contains(&fresh) && !ids.contains(&dead), "{members:?}");

    // The newcomer's vote counts: with another voter dead, there still is a majority.
    let other = ids.into_iter().find(|id| *id != fresh && *id != leader).unwrap();
    cluster.take(other).kill().await;
    cluster.set_somewhere("still", "works").await;
}

#[tokio::test]
async fn the_lead_is_handed_over_and_a_former_leader_can_be_removed() {
    let mut cluster = Cluster::of(3).await;
    let old = cluster.leader().await.id();
    let new = cluster.leader().await.store.transfer_leadership(None).await.unwrap();
    assert_ne!(old, new);
    let heir = cluster.nodes.iter().find(|n| n.id() == new).unwrap();
    heir.until_leadership("the hand-over", |l| l.ready).await;
    heir.store.propose(set("a", 1)).await.unwrap();
    heir.store.remove(old).await.unwrap();
    cluster.take(old).stop().await;
    cluster.set("b", "2").await;
    assert_eq!(cluster.leader().await.store.members().len(), 2);
}

#[tokio::test]
async fn a_leader_that_removes_itself_leaves_a_working_cluster() {
    let mut cluster = Cluster::of(3).await;
    let leader = cluster.leader().await.id();
    cluster.leader().await.store.remove(leader).await.unwrap();
    cluster.take(leader).stop().await;
    cluster.set_somewhere("a", "1").await;
}

#[tokio::test]
async fn what_would_break_the_membership_is_refused() {
    let cluster = Cluster::of(1).await;
    let store = &cluster.leader().await.store;
    let (one, two) = (CoordinatorId(1), CoordinatorId(2));
    assert!(matches!(store.remove(one).await, Err(MemberError::LastVoter(_))));
    assert!(matches!(store.promote(two).await, Err(MemberError::Unknown(_))));
    assert!(matches!(store.replace(one, two).await, Err(MemberError::Unknown(_))));
    let elsewhere = store.add_learner(one, "127.0.0.1:1").await;
    assert!(matches!(elsewhere, Err(MemberError::AddressTaken { .. })));
    assert!(matches!(store.transfer_leadership(None).await, Err(MemberError::Refused(_))));
    assert_eq!(store.members().len(), 1);
}

/// Asks the replica at `address` for its vote; the refusal.
async fn refusal(address: SocketAddr, cluster: &str, to: u64) -> tonic::Status {
    let mut client = PeerClient::connect(format!("http://{address}")).await.unwrap();
    let route = PeerRoute { cluster: cluster.to_owned(), from: 9, to };
    let ballot = Ballot { term: 99, node: 9, committed: false };
    let request = VoteRequest { route: Some(route), ballot: Some(ballot), ..VoteRequest::default() };
    client.vote(request).await.unwrap_err()
}

#[tokio::test]
async fn a_message_for_another_replica_or_cluster_is_refused() {
    let cluster = Cluster::of(1).await;
    for (name, to) in [("site", 2), ("other", 1)] {
        let refused = refusal(cluster.nodes[0].address, name, to).await;
        assert_eq!(refused.code(), tonic::Code::FailedPrecondition);
    }
}

#[tokio::test]
async fn a_replica_without_a_log_does_not_vote() {
    let home = tempfile::tempdir().unwrap();
    let node = Node::start(Begin::Join, &home.path().join("2"), 2, None).await.unwrap();
    let refused = refusal(node.address, "site", 2).await;
    assert!(refused.message().contains("does not vote"), "{refused}");
}
