//! Replicas inside this process, each with a runtime of its own, so that killing one takes its connections with it.

use std::future::Future;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ha_coordinator::store::{Connect, Leadership, OpenError, ProposeError, Store, StoreConfig, Timing};
use ha_domain::id::{ClusterName, CoordinatorId};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint, Server};

use crate::machine::{Texts, set};

/// No wait in these tests is longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// Plain channels.
pub(crate) struct Plain;

impl Connect for Plain {
    fn channel(&self, _: CoordinatorId, address: &str) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{address}")).unwrap();
        endpoint.connect_timeout(Duration::from_millis(500)).tcp_nodelay(true).connect_lazy()
    }
}

/// How a replica begins.
#[derive(Clone, Copy)]
pub(crate) enum Begin {
    Create,
    Join,
    Open,
}

pub(crate) fn config(dir: &Path, id: u64, address: SocketAddr) -> StoreConfig {
    StoreConfig {
        dir: dir.to_owned(),
        id: CoordinatorId(id),
        cluster: ClusterName::new("site").unwrap(),
        timing: Timing::Lan,
        address: address.to_string(),
    }
}

/// Starts the replica and its listener inside the current runtime.
pub(crate) async fn start(begin: Begin, dir: &Path, id: u64, listener: TcpListener) -> Result<Store<Texts>, OpenError> {
    let config = config(dir, id, listener.local_addr().unwrap());
    let (machine, connect) = (Texts::default(), Arc::new(Plain));
    let store = match begin {
        Begin::Create => Store::create(config, machine, connect).await?,
        Begin::Join => Store::join(config, machine, connect).await?,
        Begin::Open => Store::open(config, machine, connect).await?,
    };
    let service = store.peer_service().into_server();
    // Without this an answer waits for a delayed acknowledgement: 40 ms per write.
    let incoming = TcpIncoming::from(listener).with_nodelay(Some(true));
    tokio::spawn(Server::builder().add_service(service).serve_with_incoming(incoming));
    Ok(store)
}

/// A running replica.
pub(crate) struct Node {
    pub(crate) store: Store<Texts>,
    pub(crate) address: SocketAddr,
    pub(crate) dir: PathBuf,
    /// Taken out when stopped.
    runtime: Option<Runtime>,
}

impl Drop for Node {
    fn drop(&mut self) {
        self.runtime.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Node {
    pub(crate) fn id(&self) -> CoordinatorId {
        self.store.id()
    }

    /// Starts a replica; at any free port, or again at `address`.
    pub(crate) async fn start(
        begin: Begin,
        dir: &Path,
        id: u64,
        address: Option<SocketAddr>,
    ) -> Result<Self, OpenError> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let dir = dir.to_owned();
        let task = runtime.spawn({
            let dir = dir.clone();
            async move {
                let listener = TcpListener::bind(address.unwrap_or(([127, 0, 0, 1], 0).into())).await.unwrap();
                let address = listener.local_addr().unwrap();
                start(begin, &dir, id, listener).await.map(|store| (store, address))
            }
        });
        match task.await.unwrap() {
            Ok((store, address)) => Ok(Self { store, address, dir, runtime: Some(runtime) }),
            Err(error) => {
                runtime.shutdown_background();
                Err(error)
            }
        }
    }

    /// Stops the replica in order.
    pub(crate) async fn stop(self) -> (PathBuf, SocketAddr) {
        self.store.shutdown().await;
        self.kill().await
    }

    /// Stops the replica in the middle of whatever it does.
    pub(crate) async fn kill(mut self) -> (PathBuf, SocketAddr) {
        let runtime = self.runtime.take().unwrap();
        let place = (self.dir.clone(), self.address);
        drop(self);
        tokio::task::spawn_blocking(move || runtime.shutdown_timeout(PATIENCE)).await.unwrap();
        place
    }

    pub(crate) async fn until_leadership(&self, what: &str, is: impl FnMut(&Leadership) -> bool) -> Leadership {
        let mut watch = self.store.leadership();
        within(what, watch.wait_for(is)).await.unwrap().clone()
    }

    pub(crate) async fn until_applied(&self, index: u64) {
        let mut watch = self.store.applied();
        within("apply", watch.wait_for(|applied| *applied >= index)).await.unwrap();
    }

    pub(crate) fn get(&self, key: &str) -> Option<String> {
        self.store.peek(|texts| texts.0.get(key).cloned())
    }
}

/// Several replicas in folders of their own.
pub(crate) struct Cluster {
    pub(crate) nodes: Vec<Node>,
    pub(crate) home: TempDir,
}

impl Cluster {
    /// `size` voters with the ids 1, 2, 3, ...
    pub(crate) async fn of(size: u64) -> Self {
        let home = tempfile::tempdir().unwrap();
        let first = Node::start(Begin::Create, &home.path().join("1"), 1, None).await.unwrap();
        first.until_leadership("the first leader", |l| l.ready).await;
        let mut cluster = Self { nodes: vec![first], home };
        for id in 2..=size {
            cluster.grow(id).await;
        }
        cluster
    }

    /// Adds a voter.
    pub(crate) async fn grow(&mut self, id: u64) {
        self.learner(id).await;
        let promoted = self.leader().await.store.promote(CoordinatorId(id)).await;
        promoted.unwrap();
    }

    /// Adds a learner.
    pub(crate) async fn learner(&mut self, id: u64) {
        let node = Node::start(Begin::Join, &self.home.path().join(id.to_string()), id, None).await.unwrap();
        let address = node.address.to_string();
        self.leader().await.store.add_learner(CoordinatorId(id), &address).await.unwrap();
        self.nodes.push(node);
    }

    /// The replica that leads, once there is one and all agree.
    pub(crate) async fn leader(&self) -> &Node {
        let first = self.nodes.first().unwrap();
        let known = |l: &Leadership| l.leader.as_ref().is_some_and(|m| self.nodes.iter().any(|n| n.id() == m.id));
        let leader = first.until_leadership("a leader", known).await.leader.unwrap().id;
        let node = self.nodes.iter().find(|n| n.id() == leader).unwrap();
        node.until_leadership("a ready leader", |l| l.ready).await;
        node
    }

    pub(crate) fn take(&mut self, id: CoordinatorId) -> Node {
        let at = self.nodes.iter().position(|n| n.id() == id).unwrap();
        self.nodes.remove(at)
    }

    pub(crate) async fn set(&self, key: &str, value: &str) -> u64 {
        self.leader().await.store.propose(set(key, value)).await.unwrap().index
    }

    /// Proposes at every replica in turn until one accepts, like a client that does not know who leads.
    pub(crate) async fn set_somewhere(&self, key: &str, value: &str) -> u64 {
        let trying = async {
            loop {
                for node in &self.nodes {
                    match node.store.propose(set(key, value)).await {
                        Ok(applied) => return applied.index,
                        Err(ProposeError::Indeterminate | ProposeError::Unavailable(_)) => {}
                        Err(ProposeError::NotLeader { .. }) => tokio::task::yield_now().await,
                    }
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        within("an accepted write", trying).await
    }
}

/// Fails the test when `future` takes too long.
pub(crate) async fn within<F: Future>(what: &str, future: F) -> F::Output {
    tokio::time::timeout(PATIENCE, future).await.unwrap_or_else(|_| panic!("{what} took too long"))
}
