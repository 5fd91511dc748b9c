//! A membership change that was left half done is finished by the next leader.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::{ClusterName, CoordinatorId};
use openraft::RaftTypeConfig;
use openraft::entry::RaftPayload as _;
use tonic::transport::{Channel, Endpoint};

use super::suite::Keeper;
use super::types::{Membership, Node, Types};
use super::{Connect, Store, StoreConfig, Timing};

/// A lone replica needs no channel.
struct Nowhere;

impl Connect for Nowhere {
    fn channel(&self, _: CoordinatorId, _: &str) -> Channel {
        Endpoint::from_static("http://127.0.0.1:1").connect_lazy()
    }
}

fn config(dir: &Path) -> StoreConfig {
    StoreConfig {
        dir: dir.to_owned(),
        id: CoordinatorId(1),
        cluster: ClusterName::new("site").unwrap(),
        timing: Timing::Lan,
        address: "127.0.0.1:1".to_owned(),
    }
}

async fn ready(store: &Store<Keeper>) {
    let mut leadership = store.leadership();
    tokio::time::timeout(Duration::from_secs(10), leadership.wait_for(|l| l.ready)).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_change_left_half_done_is_finished_by_the_next_leader() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("1");
    let store = Store::create(config(&dir), Keeper::default(), Arc::new(Nowhere)).await.unwrap();
    ready(&store).await;
    let (one, nodes) = (BTreeSet::from([1]), BTreeMap::from([(1, Node::new("127.0.0.1:1"))]));
    let joint = Membership::new(vec![one.clone(), one], nodes).unwrap();
    store.raft().append_membership(joint, <Types as RaftTypeConfig>::Payload::blank(), []).await.unwrap();
    store.shutdown().await;
    drop(store);

    let store = Store::open(config(&dir), Keeper::default(), Arc::new(Nowhere)).await.unwrap();
    let uniform = |m: &super::Metrics| m.committed_membership_config.membership().get_joint_config().len() == 1;
    let waited = store.raft().wait(Some(Duration::from_secs(10))).metrics(uniform, "one set of voters").await;
    waited.unwrap();
    store.shutdown().await;
}
