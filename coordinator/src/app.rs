//! The composition root: store, three listeners, the leader's tasks; started together, stopped together.

use std::net::SocketAddr;
use std::sync::{Arc, OnceLock, Weak};

use anyhow::Context as _;
use ha_domain::id::{CoordinatorId, Subject};
use ha_proto::v1::agents_server::AgentsServer;
use ha_proto::v1::control_server::ControlServer;
use ha_proto::v1::enrolment_server::EnrolmentServer;
use ha_transport::{
    ChannelOptions, ClientAuth, Connections, Counters, CredentialStore, Credentials, Endpoint, ListenConfig, Listener,
    SealKey, ServerLimits, channel, server,
};
use tokio::task::JoinSet;
use tonic::service::Routes;

use crate::api::admission::{Door, Registered};
use crate::api::agents::AgentsService;
use crate::api::authorise::AuthoriseLayer;
use crate::api::control::ControlService;
use crate::api::enrolment::EnrolmentService;
use crate::api::relay::{RelayLayer, RelayedLayer};
use crate::config::{Config, Ports};
use crate::founding::{CERTIFICATE, SEAL_KEY, host_file};
use crate::leader::{self, Hub};
use crate::machine::StateMachine;
use crate::mesh::{Mesh, SharedMesh};
use crate::store::{Connect, Store, StoreConfig};
use crate::{share, telemetry};

/// How long an expired agent certificate may still renew itself: a site that was off for a month comes back.
const GRACE: std::time::Duration = std::time::Duration::from_secs(90 * 24 * 3600);

/// A coordinator that runs.
pub struct Coordinator {
    /// What its tasks share.
    pub mesh: SharedMesh,
    tasks: JoinSet<anyhow::Result<()>>,
}

/// Dials the other replicas on their peer listener, and takes nobody else for them.
struct Dialer(CredentialStore);

impl Connect for Dialer {
    fn channel(&self, id: CoordinatorId, address: &str) -> tonic::transport::Channel {
        let options = ChannelOptions { expect: Some(id), ..ChannelOptions::default() };
        let dialled = Ports::of(address)
            .and_then(|p| Ok(Endpoint::new(&p.peers())?))
            .and_then(|e| Ok(channel(&e, self.0.clone(), &options)?));
        dialled.unwrap_or_else(|error| {
            tracing::error!(%address, %error, "a peer's address cannot be dialled");
            tonic::transport::Endpoint::from_static("http://[::1]:1").connect_lazy()
        })
    }
}

impl Coordinator {
    /// Opens the store and starts to serve.
    pub async fn start(config: &Config) -> anyhow::Result<Self> {
        let credentials =
            Credentials::load(&config.keys, CERTIFICATE).context("load this coordinator's certificate")?;
        let identity = credentials.identity()?;
        let Subject::Coordinator(id) = identity.subject else { anyhow::bail!("the certificate is no coordinator's") };
        let seal = SealKey::load(&config.keys.join(SEAL_KEY)).context("load the seal key")?;
        let host = std::fs::read_to_string(host_file(&config.keys)).context("read this coordinator's address")?;
        let credentials = CredentialStore::new(credentials)?;
        let connect = Arc::new(Dialer(credentials.clone()));
        let store_config = StoreConfig {
            dir: config.state.clone(),
            id,
            cluster: identity.cluster,
            timing: config.timing,
            address: host.clone(),
        };
        let empty = std::fs::read_dir(&config.state).map_or(true, |mut d| d.next().is_none());
        let store = if empty && id != CoordinatorId::FIRST {
            Store::join(store_config, StateMachine::default(), connect).await?
        } else {
            Store::open(store_config, StateMachine::default(), connect).await?
        };
        let mesh = Arc::new(Mesh {
            store,
            seal,
            credentials,
            hub: Hub::default(),
            connections: Connections::default(),
            share: config.share.clone(),
            host,
        });
        let mut tasks = JoinSet::new();
        serve(&mesh, config, &mut tasks).await?;
        let leading = Arc::clone(&mesh);
        tasks.spawn(async move {
            leader::lead(leading).await;
            anyhow::bail!("the leader's task ended")
        });
        tasks.spawn(watch_revocations(Arc::clone(&mesh)));
        tasks.spawn(share::keep(Arc::clone(&mesh)));
        let stopped = Arc::clone(&mesh);
        tasks.spawn(async move { anyhow::bail!("consensus stopped: {}", stopped.store.stopped().await) });
        Ok(Self { mesh, tasks })
    }

    /// Runs until a task fails: then the process must end, and be started again.
    pub async fn run(&mut self) -> anyhow::Error {
        match self.tasks.join_next().await {
            Some(Ok(Ok(()))) | None => anyhow::anyhow!("a task ended"),
            Some(Ok(Err(error))) => error,
            Some(Err(error)) => error.into(),
        }
    }

    /// Hands over the lead and stops.
    pub async fn stop(mut self) {
        if self.mesh.leads()
            && self.mesh.store.members().len() > 1
            && let Err(error) = self.mesh.store.transfer_leadership(None).await
        {
            tracing::info!(%error, "stops without handing over the lead");
        }
        self.tasks.shutdown().await;
        self.mesh.store.shutdown().await;
    }
}

async fn serve(mesh: &SharedMesh, config: &Config, tasks: &mut JoinSet<anyhow::Result<()>>) -> anyhow::Result<()> {
    let ports = Ports::of(&mesh.host)?;
    let weak = Arc::new(OnceLock::new());
    let _ = weak.set(Arc::downgrade(mesh));
    let counters = Arc::new(Counters::default());
    let agents = AgentsServer::new(AgentsService::new(Arc::clone(mesh)))
        .max_decoding_message_size(ServerLimits::agents().message_bytes);
    // Whoever dials may speak to it: no certificate comes first.
    let enrolment = EnrolmentServer::new(EnrolmentService::new(Arc::clone(mesh)))
        .max_decoding_message_size(ServerLimits::agents().message_bytes);
    let control = ControlServer::new(ControlService::new(Arc::clone(mesh)))
        .max_decoding_message_size(ServerLimits::operators().message_bytes)
        .max_encoding_message_size(8 << 20);

    let peers = Routes::new(mesh.store.peer_service().into_server())
        .add_service(agents.clone())
        .add_service(enrolment.clone())
        .add_service(control.clone());
    let listen = |door, port| listener(mesh, &weak, (door, SocketAddr::new(config.listen, port)), &counters);
    let listener = listen(Door::Peers, ports.peers).await?;
    let router =
        server(&ServerLimits::peers()).layer(RelayedLayer(Arc::clone(mesh))).layer(AuthoriseLayer(Arc::clone(mesh)));
    let serving = {
        let mut router = router;
        router.add_routes(peers).serve_with_incoming(listener)
    };
    tasks.spawn(async move { Ok(serving.await?) });

    let listener = listen(Door::Agents, ports.agents).await?;
    let router =
        server(&ServerLimits::agents()).layer(AuthoriseLayer(Arc::clone(mesh))).layer(RelayLayer(Arc::clone(mesh)));
    let routes = Routes::new(agents).add_service(enrolment);
    let serving = {
        let mut router = router;
        router.add_routes(routes).serve_with_incoming(listener)
    };
    tasks.spawn(async move { Ok(serving.await?) });

    let listener = listen(Door::Operators, ports.operators).await?;
    let router =
        server(&ServerLimits::operators()).layer(AuthoriseLayer(Arc::clone(mesh))).layer(RelayLayer(Arc::clone(mesh)));
    let serving = {
        let mut router = router;
        router.add_routes(Routes::new(control)).serve_with_incoming(listener)
    };
    tasks.spawn(async move { Ok(serving.await?) });

    if let Some(address) = config.telemetry {
        tasks.spawn(telemetry::serve(address, Arc::clone(mesh), counters));
    }
    Ok(())
}

async fn listener(
    mesh: &SharedMesh,
    weak: &Arc<OnceLock<Weak<Mesh>>>,
    (door, address): (Door, SocketAddr),
    counters: &Arc<Counters>,
) -> anyhow::Result<Listener> {
    let mut listen = ListenConfig::new(mesh.credentials.clone(), Arc::new(Registered::new(door, Arc::clone(weak))));
    listen.connections = mesh.connections.clone();
    listen.counters = Arc::clone(counters);
    match door {
        Door::Peers | Door::Operators => {}
        Door::Agents => {
            listen.client_auth = ClientAuth::Optional;
            listen.expired_grace = GRACE;
        }
    }
    Ok(Listener::bind(address, listen).await?)
}

/// Closes the connections of certificates that do not count any more, as soon as the state says so.
async fn watch_revocations(mesh: SharedMesh) -> anyhow::Result<()> {
    let mut applied = mesh.store.applied();
    let mut known = usize::MAX;
    loop {
        let now = mesh.peek(|s| s.certificates.len());
        if now < known {
            let gone = |peer: &ha_transport::Peer| {
                peer.fingerprint
                    .as_ref()
                    .is_some_and(|f| mesh.peek(|s| s.mesh.is_some() && !s.certificates.contains_key(f)))
            };
            let closed = mesh.connections.close_where(gone);
            if closed > 0 {
                tracing::info!(closed, "closed connections of revoked certificates");
            }
        }
        known = now;
        applied.changed().await.context("the store is gone")?;
    }
}
