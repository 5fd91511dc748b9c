//! The composition root: records, looking, steps, session; started together.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use async_trait::async_trait;
use ha_domain::id::Digest;
use ha_proto::v1::agents_client::AgentsClient;
use ha_proto::v1::{FetchRequest, RenewRequest};
use ha_transport::{ChannelOptions, CredentialStore, Credentials, LocalKey, channel};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::config::{CERTIFICATE, Config};
use crate::copies::Copies;
use crate::endpoints::Endpoints;
use crate::execute::ActError;
use crate::execute::mesh::Mesh;
use crate::host::Host;
use crate::machine::Machine;
use crate::observe;
use crate::repair;
use crate::schedule;
use crate::session::Link;
use crate::steps::Steps;

/// Messages of steps that may wait for the session.
const OUTBOX: usize = 256;
/// What of a package is written at once: each write is synced.
const BATCH: usize = 1 << 20;

/// An agent that runs.
pub struct Agent {
    /// Its machine.
    pub machine: Arc<Machine>,
    tasks: JoinSet<()>,
}

impl Agent {
    /// Opens the records, looks once, and starts to serve.
    pub async fn start(config: &Config, host: Arc<dyn Host>) -> anyhow::Result<Self> {
        let credentials = Credentials::load(&config.keys, CERTIFICATE).context("load this agent's certificate")?;
        let credentials = CredentialStore::new(credentials)?;
        let machine = Arc::new(Machine::open(config, host).await?);
        observe::once(&machine).await;
        let (outbox, messages) = mpsc::channel(OUTBOX);
        let mesh = Arc::new(Remote { credentials: credentials.clone(), machine: Arc::clone(&machine) });
        let steps = Steps::new(Arc::clone(&machine), Arc::clone(&mesh) as Arc<dyn Mesh>, outbox);
        let mut tasks = JoinSet::new();
        observe::start(&machine, &mut tasks);
        repair::start(&machine, &mut tasks);
        let (keys, credentials_of_link) = (config.keys.clone(), credentials.clone());
        let link =
            Link { machine: Arc::clone(&machine), steps, credentials: credentials_of_link, keys, outbox: messages };
        tasks.spawn(link.keep());
        tasks.spawn(schedule::keep(Arc::clone(&machine), Copies::new(credentials.clone(), config.state.clone())));
        tasks.spawn(renew(credentials, config.clone()));
        Ok(Self { machine, tasks })
    }

    /// Runs until a task ends: only when the mesh let this machine go does one by itself.
    pub async fn run(&mut self) {
        let _ = self.tasks.join_next().await;
    }

    /// Stops at once: what a step was doing is found again from the journal.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

/// The mesh, over any coordinator.
struct Remote {
    credentials: CredentialStore,
    machine: Arc<Machine>,
}

#[async_trait]
impl Mesh for Remote {
    async fn package(&self, digest: &Digest, to: &std::path::Path) -> Result<(), ActError> {
        let mut last = "no coordinator is known".to_owned();
        for endpoint in Endpoints::load(&self.machine.state).unwrap_or_default().shuffled() {
            match self.fetch(&endpoint, digest, to).await {
                Ok(()) => return Ok(()),
                Err(error) => last = format!("{endpoint}: {error:#}"),
            }
        }
        Err(ActError::Refused(format!("fetch package {} from the mesh: {last}", digest.short())))
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        self.machine.clock_ahead_ms()
    }
}

impl Remote {
    async fn fetch(
        &self,
        endpoint: &ha_transport::Endpoint,
        digest: &Digest,
        to: &std::path::Path,
    ) -> anyhow::Result<()> {
        use sha2::Digest as _;
        let channel = channel(endpoint, self.credentials.clone(), &ChannelOptions::default())?;
        let request = FetchRequest { digest: digest.to_string() };
        let mut pieces = AgentsClient::new(channel).fetch(request).await.map_err(said)?.into_inner();
        let partial = to.with_extension("part");
        // What an interrupted fetch left.
        self.machine.host.remove(&partial).await?;
        let (mut hash, mut batch) = (sha2::Sha256::new(), Vec::new());
        while let Some(piece) = pieces.message().await.map_err(said)? {
            hash.update(&piece.data);
            batch.extend_from_slice(&piece.data);
            if batch.len() >= BATCH {
                self.machine.host.append(&partial, &batch).await?;
                batch.clear();
            }
        }
        self.machine.host.append(&partial, &batch).await?;
        let found = hex::encode(hash.finalize());
        anyhow::ensure!(found == digest.as_str(), "it has the sha256 {found}, not {digest}");
        Ok(self.machine.host.rename(&partial, to).await?)
    }
}

fn said(status: tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{}", status.message().to_owned())
}

/// Gets a new certificate at half of the old one's life.
async fn renew(credentials: CredentialStore, config: Config) {
    loop {
        let now = ha_transport::time_at(std::time::SystemTime::now());
        let current = credentials.current();
        let half = current.not_before.0 + current.not_after.ms_since(current.not_before) / 2;
        let due = half.saturating_sub(now.0);
        if due > 0 {
            tokio::time::sleep(Duration::from_millis(due.min(3_600_000))).await;
            continue;
        }
        match renewed(&credentials, &config).await {
            Ok(()) => tracing::info!("the certificate was renewed"),
            Err(error) => {
                tracing::warn!(
                    error = format!("{error:#}"),
                    "the certificate was not renewed; trying again in a minute"
                );
                tokio::time::sleep(Duration::from_secs(60)).await;
            }
        }
    }
}

async fn renewed(credentials: &CredentialStore, config: &Config) -> anyhow::Result<()> {
    let key = LocalKey::generate()?;
    let csr = key.csr_der()?;
    let mut last = anyhow::anyhow!("no coordinator is known");
    for endpoint in Endpoints::load(&config.state)?.shuffled() {
        let channel = channel(&endpoint, credentials.clone(), &ChannelOptions::default())?;
        match AgentsClient::new(channel).renew(RenewRequest { csr: csr.clone() }).await {
            Ok(reply) => {
                let reply = reply.into_inner();
                let fresh = Credentials {
                    certificate_pem: reply.certificate_pem,
                    key_pem: key.pem().clone(),
                    ca_pem: reply.ca_pem,
                };
                fresh.store(&config.keys, CERTIFICATE)?;
                return Ok(credentials.replace(fresh)?);
            }
            Err(status) => last = said(status).context(endpoint.to_string()),
        }
    }
    Err(last)
}
