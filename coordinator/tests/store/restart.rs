//! What was acknowledged is there after a restart, and a replica that lost its memory does not come back under its name.

use std::fs;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use ha_coordinator::store::{OpenError, Store, StoreConfig};
use ha_domain::id::{ClusterName, CoordinatorId};

use crate::cluster::{Begin, Cluster, Node, Plain, config};
use crate::machine::Texts;

#[tokio::test]
async fn all_replicas_restart_and_hold_everything_acknowledged() {
    let mut cluster = Cluster::of(3).await;
    for i in 0..100 {
        cluster.set(&format!("key{i}"), "1").await;
    }
    let mut stopped = Vec::new();
    for node in cluster.nodes.drain(..) {
        let id = node.id().0;
        // One in order, the others in the middle of things.
        stopped.push((id, if id == 1 { node.stop().await } else { node.kill().await }));
    }
    for (id, (dir, address)) in stopped {
        cluster.nodes.push(Node::start(Begin::Open, &dir, id, Some(address)).await.unwrap());
    }
    let index = cluster.set("after", "2").await;
    assert_eq!(cluster.leader().await.store.read(|t| t.0.len()).await.unwrap(), 101);
    for node in &cluster.nodes {
        node.until_applied(index).await;
        assert_eq!(node.store.peek(|t| t.0.len()), 101);
    }
}

#[tokio::test]
async fn a_lone_replica_restarts_and_leads_again() {
    let mut cluster = Cluster::of(1).await;
    cluster.set("a", "1").await;
    let (dir, address) = cluster.take(CoordinatorId(1)).stop().await;
    let node = Node::start(Begin::Open, &dir, 1, Some(address)).await.unwrap();
    node.until_leadership("the lead", |l| l.ready).await;
    assert_eq!(node.store.read(|t| t.0.get("a").cloned()).await.unwrap().as_deref(), Some("1"));
}

async fn open(config: StoreConfig) -> OpenError {
    Store::open(config, Texts::default(), Arc::new(Plain)).await.map(drop).unwrap_err()
}

async fn used(home: &Path) -> SocketAddr {
    Node::start(Begin::Create, home, 1, None).await.unwrap().stop().await.1
}

#[tokio::test]
async fn an_empty_disk_under_an_old_id_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("1");
    let address = used(&dir).await;
    let mine = config(&dir, 1, address);
    fs::remove_file(dir.join("store.redb")).unwrap();
    assert!(matches!(open(mine.clone()).await, OpenError::EmptyDisk { .. }));
    // A fresh, empty database is no better.
    let other = home.path().join("other");
    used(&other).await;
    fs::copy(other.join("identity.json"), dir.join("identity.json")).unwrap();
    fs::write(dir.join("store.redb"), b"").unwrap();
    assert!(matches!(open(mine.clone()).await, OpenError::EmptyDisk { .. }));
    fs::remove_dir_all(&dir).unwrap();
    assert!(matches!(open(mine).await, OpenError::IdentityMissing { .. }));
}

#[tokio::test]
async fn a_folder_of_somebody_else_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("1");
    let address = used(&dir).await;
    assert!(matches!(open(config(&dir, 2, address)).await, OpenError::OtherId { .. }));
    let cluster = ClusterName::new("elsewhere").unwrap();
    assert!(matches!(open(StoreConfig { cluster, ..config(&dir, 1, address) }).await, OpenError::OtherCluster { .. }));
    let again = Store::create(config(&dir, 1, address), Texts::default(), Arc::new(Plain)).await;
    assert!(matches!(again.map(drop), Err(OpenError::InUse { .. })));
}
