//! The coordinator's package, kept by every replica: the one that `init` made carried it here, and may leave some day.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, ensure};
use ha_domain::id::Digest;
use ha_proto::v1::FetchRequest;
use ha_proto::v1::agents_client::AgentsClient;
use tokio::io::AsyncWriteExt as _;
use tonic::transport::Channel;

use crate::api::relay::peer_channel;
use crate::mesh::SharedMesh;

/// Between two looks.
const PERIOD: Duration = Duration::from_secs(15);

/// Fetches the package from whoever has it, for ever.
pub async fn keep(mesh: SharedMesh) -> anyhow::Result<()> {
    loop {
        if let Some(package) = missing(&mesh)
            && let Err(error) = fetch(&mesh, &package).await
        {
            tracing::info!(error = format!("{error:#}"), "this replica does not keep the package yet");
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn missing(mesh: &SharedMesh) -> Option<Digest> {
    let package = mesh.peek(|s| s.mesh.as_ref()?.package.as_ref().map(|p| p.digest.clone()))?;
    (!mesh.share.join(package.as_str()).exists()).then_some(package)
}

async fn fetch(mesh: &SharedMesh, package: &Digest) -> anyhow::Result<()> {
    let mut last = anyhow::anyhow!("there is no other coordinator");
    for (_, host) in mesh.hosts().into_iter().filter(|(id, _)| *id != mesh.store.id()) {
        let got = match peer_channel(mesh, &host) {
            Ok(channel) => from(channel, &mesh.share, package).await,
            Err(error) => Err(error),
        };
        match got {
            Ok(()) => return Ok(()),
            Err(error) => last = error.context(host),
        }
    }
    Err(last)
}

/// Whole or not at all: it appears only when its digest is right.
async fn from(channel: Channel, share: &Path, package: &Digest) -> anyhow::Result<()> {
    use sha2::Digest as _;
    let request = FetchRequest { digest: package.to_string() };
    let mut pieces = AgentsClient::new(channel).fetch(request).await.map_err(said)?.into_inner();
    tokio::fs::create_dir_all(share).await.context("make the share folder")?;
    let partial = share.join(".package");
    let mut file = tokio::fs::File::create(&partial).await.context("keep the package")?;
    let mut hash = sha2::Sha256::new();
    while let Some(piece) = pieces.message().await.map_err(said)? {
        hash.update(&piece.data);
        file.write_all(&piece.data).await.context("keep the package")?;
    }
    file.sync_all().await.context("keep the package")?;
    let found = hex::encode(hash.finalize());
    ensure!(found == package.as_str(), "it has the sha256 {found}, not {package}");
    tokio::fs::rename(&partial, share.join(package.as_str())).await.context("keep the package")
}

fn said(status: tonic::Status) -> anyhow::Error {
    anyhow::anyhow!("{}", status.message().to_owned())
}
