//! What is written on the leader is everywhere, and is read back fresh.

use std::time::Instant;

use ha_coordinator::store::{ProposeError, ReadError};

use crate::cluster::{Cluster, within};
use crate::machine::set;

#[tokio::test]
async fn three_replicas_hold_the_same_state() {
    let cluster = Cluster::of(3).await;
    let mut last = 0;
    for i in 0..50 {
        last = cluster.set(&format!("key{i}"), &format!("value{i}")).await;
    }
    for node in &cluster.nodes {
        node.until_applied(last).await;
        assert_eq!(node.store.peek(|texts| texts.0.len()), 50);
        assert_eq!(node.get("key7").as_deref(), Some("value7"));
    }
}

#[tokio::test]
async fn a_reply_and_an_index_come_back_and_indices_grow() {
    let cluster = Cluster::of(1).await;
    let leader = cluster.leader().await;
    let first = leader.store.propose(set("a", 1)).await.unwrap();
    let second = leader.store.propose(set("a", 2)).await.unwrap();
    assert_eq!(second.reply, b"1");
    assert!(second.index > first.index);
}

#[tokio::test]
async fn a_follower_refuses_and_names_the_leader() {
    let cluster = Cluster::of(3).await;
    let leader = cluster.leader().await;
    let follower = cluster.nodes.iter().find(|n| n.id() != leader.id()).unwrap();
    follower.until_leadership("the leader", |l| l.leader.is_some()).await;
    match follower.store.propose(set("a", 1)).await {
        Err(ProposeError::NotLeader { leader: Some(named) }) => {
            assert_eq!((named.id, named.address), (leader.id(), leader.address.to_string()));
        }
        other => panic!("{other:?}"),
    }
    assert!(matches!(follower.store.read(|_| ()).await, Err(ReadError::NotLeader { leader: Some(_) })));
}

#[tokio::test]
async fn a_read_sees_every_acknowledged_write() {
    let cluster = Cluster::of(3).await;
    let leader = cluster.leader().await;
    for i in 0..50 {
        leader.store.propose(set("n", i)).await.unwrap();
        let read = leader.store.read(|texts| texts.0.get("n").cloned()).await.unwrap();
        assert_eq!(read, Some(i.to_string()));
    }
}

#[tokio::test]
async fn a_killed_leader_is_replaced_and_nothing_is_lost() {
    let mut cluster = Cluster::of(3).await;
    cluster.set("before", "1").await;
    let leader = cluster.leader().await.id();
    cluster.take(leader).kill().await;
    let since = Instant::now();
    let index = cluster.set_somewhere("after", "2").await;
    println!("next write {:?} after the kill", since.elapsed());
    for node in &cluster.nodes {
        node.until_applied(index).await;
        assert_eq!((node.get("before"), node.get("after")), (Some("1".into()), Some("2".into())));
    }
}

#[tokio::test]
async fn a_leader_without_a_majority_stops_believing_and_accepts_nothing() {
    let mut cluster = Cluster::of(3).await;
    let leader = cluster.leader().await.id();
    let node = cluster.take(leader);
    for other in cluster.nodes.drain(..) {
        other.kill().await;
    }
    node.until_leadership("the loss of the lead", |l| l.leader.is_none() && !l.is_me && !l.ready).await;
    within("a refusal", node.store.propose(set("lost", 1))).await.unwrap_err();
    within("a refusal", node.store.read(|_| ())).await.unwrap_err();
    assert_eq!(node.get("lost"), None);
}
