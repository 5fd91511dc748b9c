//! How a replica begins: created as the first of a cluster, joined as a new one, or opened again.
//! Knows nothing of who decides which.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Weak};

use ha_domain::id::{ClusterName, CoordinatorId};
use openraft::Raft;
use tokio::sync::{Mutex, watch};

use super::disk::{self, Disk, key};
use super::error::OpenError;
use super::identity::{self, Identity, Origin};
use super::leadership::{Leadership, Watcher};
use super::log::Log;
use super::machine::{Machine, Replica};
use super::network::{Connect, Network};
use super::timing::Timing;
use super::types::Node;
use super::writer::Write;
use super::{Inner, Store};

/// Where a replica lives and who it is.
#[derive(Debug, Clone)]
pub struct StoreConfig {
    /// The data folder; it belongs to this replica alone.
    pub dir: PathBuf,
    /// The replica's id: 1 for the first, else from [`Store::next_id`].
    pub id: CoordinatorId,
    /// The cluster's name.
    pub cluster: ClusterName,
    /// How fast network and disks are; the same on all replicas.
    pub timing: Timing,
    /// Where the other replicas reach this one.
    pub address: String,
}

impl<M: Machine> Store<M> {
    /// Begins a new cluster, of which this replica is the only voter.
    pub async fn create(config: StoreConfig, machine: M, connect: Arc<dyn Connect>) -> Result<Self, OpenError> {
        let disk = begin(&config, Origin::Founder).await?;
        let store = Self::start(config, machine, connect, disk).await?;
        store.found().await?;
        Ok(store)
    }

    /// Begins a new replica of an existing cluster. It waits until the leader adds it as a learner.
    pub async fn join(config: StoreConfig, machine: M, connect: Arc<dyn Connect>) -> Result<Self, OpenError> {
        let disk = begin(&config, Origin::Joiner).await?;
        Self::start(config, machine, connect, disk).await
    }

    /// Opens a replica that was created or joined before. Refuses a folder that lost its data or is somebody else's.
    pub async fn open(config: StoreConfig, machine: M, connect: Arc<dyn Connect>) -> Result<Self, OpenError> {
        let named = identity::read(&config.dir)?;
        named.expect(&config.cluster, config.id)?;
        let disk = open_disk(&config.dir)?;
        let stored = disk.value(key::IDENTITY).map_err(damaged)?.ok_or(OpenError::EmptyDisk { id: config.id })?;
        identity::parse(&stored)?.expect(&config.cluster, config.id)?;
        let store = Self::start(config, machine, connect, disk).await?;
        // A crash between the first two steps of `create` leaves a founder without a cluster.
        if named.origin == Origin::Founder && !store.raft().is_initialized().await.map_err(consensus)? {
            store.found().await?;
        }
        Ok(store)
    }

    async fn found(&self) -> Result<(), OpenError> {
        let config = &self.inner.config;
        let members = BTreeMap::from([(config.id.0, Node::new(&config.address))]);
        self.raft().initialize(members).await.map_err(consensus)
    }

    async fn start(config: StoreConfig, machine: M, connect: Arc<dyn Connect>, disk: Disk) -> Result<Self, OpenError> {
        let disk = Arc::new(disk);
        let log = Log::load(disk.clone()).map_err(damaged)?;
        let replica = Replica::new(machine, disk.clone());
        let network = Network::new(config.cluster.clone(), config.id, connect);
        let settings = config.timing.config(config.cluster.as_str()).validate().map_err(consensus)?;
        let starting = Raft::new(config.id.0, Arc::new(settings), network.clone(), log, replica.clone());
        let raft = Box::pin(starting).await.map_err(consensus)?;
        let (told, leadership) = watch::channel(Leadership::default());
        let watcher = Watcher { metrics: raft.metrics(), timing: config.timing, told };
        let inner = Arc::new_cyclic(|me: &Weak<Inner<M>>| {
            let tasks = [tokio::spawn(watcher.run()), tokio::spawn(tidy(me.clone(), leadership.clone()))];
            Inner { config, raft, replica, disk, network, leadership, tasks, changes: Mutex::new(()) }
        });
        Ok(Self { inner })
    }
}

/// Each time this replica comes to lead, finishes the membership change that its predecessor may have left.
async fn tidy<M: Machine>(store: Weak<Inner<M>>, mut leadership: watch::Receiver<Leadership>) {
    while leadership.wait_for(|l| l.ready).await.is_ok() {
        let Some(inner) = store.upgrade() else { return };
        if let Err(error) = (Store { inner }).finish().await {
            tracing::warn!(%error, "finishing a membership change of an earlier leader");
        }
        if leadership.wait_for(|l| !l.ready).await.is_err() {
            return;
        }
    }
}

/// Makes the folder, the database and then the identity file, which makes it count.
async fn begin(config: &StoreConfig, origin: Origin) -> Result<Disk, OpenError> {
    identity::claim(&config.dir)?;
    let identity = Identity::new(config.cluster.clone(), config.id, origin);
    let disk = open_disk(&config.dir)?;
    let path = identity::database(&config.dir);
    let written = disk.write(Write::Value(key::IDENTITY, identity.to_bytes())).await;
    written.map_err(|source| OpenError::Io { path, source })?;
    identity::write(&config.dir, &identity)?;
    Ok(disk)
}

fn open_disk(dir: &Path) -> Result<Disk, OpenError> {
    let path = identity::database(dir);
    Disk::open(&path, disk::abort()).map_err(|source| OpenError::Io { path, source })
}

fn damaged(error: io::Error) -> OpenError {
    OpenError::Damaged(error.to_string())
}

fn consensus(error: impl std::fmt::Display) -> OpenError {
    OpenError::Consensus(error.to_string())
}
