//! Copies of snapshots and backups on other machines: handed to coordinators that are not this machine, one after the other,
//! until there are enough. Knows nothing of what is in them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use ha_proto::v1::Chunk;
use ha_proto::v1::agents_client::AgentsClient;
use ha_transport::{ChannelOptions, CredentialStore, Endpoint, channel};
use tokio_stream::wrappers::ReceiverStream;

use crate::endpoints::Endpoints;
use crate::machine::Machine;
use crate::schedule::{Kept, copy_name};

/// One piece on the wire.
const PIECE: usize = 128 * 1024;
/// File in the state folder: kind to the digest whose copies are all there.
const FILE: &str = "copies.json";

/// The way to other machines' disks.
pub(crate) struct Copies {
    credentials: CredentialStore,
    state: PathBuf,
}

impl Copies {
    /// With this agent's certificate and state folder.
    pub(crate) fn new(credentials: CredentialStore, state: PathBuf) -> Self {
        Self { credentials, state }
    }

    /// Brings the file to as many other machines as it should be on, where that has not been done.
    pub(crate) async fn bring(&self, machine: &Machine, kept: &Kept) {
        let mut done = self.done();
        if done.get(kept.kind).is_some_and(|d| d == kept.digest.as_str()) {
            return;
        }
        let here: Vec<String> = machine.report().facts.addresses.iter().map(ToString::to_string).collect();
        let is_other =
            |e: &Endpoint| !here.iter().any(|a| e.as_str().rsplit_once(':').is_some_and(|(host, _)| host == a));
        let others: Vec<Endpoint> =
            Endpoints::load(&self.state).unwrap_or_default().shuffled().into_iter().filter(is_other).collect();
        // A small site has fewer coordinators than copies are wanted: all of them are enough then.
        let wanted = (kept.copies as usize).min(others.len());
        let mut copies = 0;
        for endpoint in &others {
            if copies == wanted {
                break;
            }
            match self.send(endpoint, machine, kept).await {
                Ok(()) => copies += 1,
                Err(error) => tracing::warn!(%endpoint, error = format!("{error:#}"), "a copy was not taken"),
            }
        }
        if copies == wanted {
            tracing::info!(kind = kept.kind, copies, "is on other machines");
            done.insert(kept.kind.to_owned(), kept.digest.to_string());
            let written = serde_json::to_vec(&done).map_err(anyhow::Error::from);
            if let Err(error) = written.and_then(|json| Ok(std::fs::write(self.state.join(FILE), json)?)) {
                tracing::warn!(%error, "noting the copies; they are made again");
            }
        }
    }

    fn done(&self) -> BTreeMap<String, String> {
        let text = std::fs::read(self.state.join(FILE)).unwrap_or_default();
        serde_json::from_slice(&text).unwrap_or_default()
    }

    async fn send(&self, endpoint: &Endpoint, machine: &Machine, kept: &Kept) -> anyhow::Result<()> {
        let channel = channel(endpoint, self.credentials.clone(), &ChannelOptions::default())?;
        let (to, pieces) = tokio::sync::mpsc::channel(2);
        let mut head = Some((kept.digest.to_string(), copy_name(kept.kind, &kept.path)));
        let reading = async move {
            let mut offset = 0;
            loop {
                let data = machine.host.read_part(&kept.path, offset, PIECE).await?;
                offset += data.len() as u64;
                let (digest, name) = head.take().unwrap_or_default();
                if data.is_empty() && digest.is_empty() {
                    return Ok::<_, anyhow::Error>(());
                }
                if to.send(Chunk { data, digest, name }).await.is_err() {
                    return Ok(());
                }
            }
        };
        let mut client = AgentsClient::new(channel);
        let sending =
            async { client.store(ReceiverStream::new(pieces)).await.map_err(|s| anyhow::anyhow!("{}", s.message())) };
        tokio::try_join!(reading, sending)?;
        Ok(())
    }
}
