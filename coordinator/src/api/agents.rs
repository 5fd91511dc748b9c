//! The agents' service: the session, renewal, packages and copies.

use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

use ha_domain::id::{Digest, Identity, MachineId, Subject};
use ha_domain::state::Command;
use ha_proto::v1::agents_server::Agents;
use ha_proto::v1::{AgentMessage, Certificate, Chunk, CoordinatorMessage, FetchRequest, RenewRequest, StoreReply};
use ha_transport::Peer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_stream::wrappers::ReceiverStream;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

use super::{reply, session};
use crate::ca;
use crate::mesh::SharedMesh;

/// One piece of a package on the wire.
const PIECE: usize = 64 * 1024;
/// The largest copy that an agent may hand in: 2 GiB.
const LARGEST: u64 = 2 << 30;

/// The agents' service.
#[derive(Clone)]
pub struct AgentsService {
    mesh: SharedMesh,
}

impl AgentsService {
    /// On a mesh.
    pub fn new(mesh: SharedMesh) -> Self {
        Self { mesh }
    }
}

/// The machine that calls.
pub(super) fn machine<T>(request: &Request<T>) -> Result<(MachineId, Identity), Status> {
    let identity = request.extensions().get::<Peer>().and_then(|p| p.identity.clone());
    match identity {
        Some(Identity { cluster, subject: Subject::Agent(id) }) => {
            Ok((id.clone(), Identity { cluster, subject: Subject::Agent(id) }))
        }
        _ => Err(Status::permission_denied("this is for agents")),
    }
}

#[tonic::async_trait]
impl Agents for AgentsService {
    type SessionStream = ReceiverStream<Result<CoordinatorMessage, Status>>;
    type FetchStream = Pin<Box<dyn Stream<Item = Result<Chunk, Status>> + Send>>;

    async fn session(
        &self,
        request: Request<Streaming<AgentMessage>>,
    ) -> Result<Response<Self::SessionStream>, Status> {
        let (machine, _) = machine(&request)?;
        let outgoing = session::open(Arc::clone(&self.mesh), machine, request.into_inner());
        Ok(Response::new(outgoing))
    }

    async fn renew(&self, request: Request<RenewRequest>) -> Result<Response<Certificate>, Status> {
        let (_, identity) = machine(&request)?;
        certify(&self.mesh, &identity, &request.into_inner().csr).await.map(Response::new)
    }

    async fn fetch(&self, request: Request<FetchRequest>) -> Result<Response<Self::FetchStream>, Status> {
        let digest =
            Digest::try_from(request.into_inner().digest).map_err(|e| Status::invalid_argument(e.to_string()))?;
        let path = self.mesh.share.join(digest.as_str());
        let file = tokio::fs::File::open(&path).await;
        let file = file.map_err(|_| Status::not_found(format!("this coordinator does not keep {}", digest.short())))?;
        let pieces = futures_util::stream::try_unfold(file, |mut file| async move {
            let mut data = vec![0; PIECE];
            let read = file.read(&mut data).await.map_err(|e| Status::internal(format!("read the package: {e}")))?;
            data.truncate(read);
            let chunk = Chunk { data, ..Chunk::default() };
            Ok((read > 0).then_some((chunk, file)))
        });
        Ok(Response::new(Box::pin(pieces)))
    }

    async fn store(&self, request: Request<Streaming<Chunk>>) -> Result<Response<StoreReply>, Status> {
        let (machine, _) = machine(&request)?;
        let folder = self.mesh.share.join("copies").join(machine.as_str());
        keep(folder, request.into_inner()).await.map(Response::new)
    }
}

/// Takes in a copy: the first piece names it and its digest; it appears only when the digest is right.
async fn keep(folder: PathBuf, mut pieces: Streaming<Chunk>) -> Result<StoreReply, Status> {
    use sha2::Digest as _;
    let failed = |e: std::io::Error| Status::internal(format!("keep the copy: {e}"));
    let first = pieces.message().await?.ok_or_else(|| Status::invalid_argument("an empty copy"))?;
    let digest = Digest::try_from(first.digest).map_err(|e| Status::invalid_argument(e.to_string()))?;
    let name = ha_domain::id::MachineName::new(&first.name).map_err(|e| Status::invalid_argument(e.to_string()))?;
    tokio::fs::create_dir_all(&folder).await.map_err(failed)?;
    let partial = folder.join(format!(".{name}"));
    let mut file = tokio::fs::File::create(&partial).await.map_err(failed)?;
    let (mut hash, mut bytes, mut data) = (sha2::Sha256::new(), 0_u64, first.data);
    loop {
        bytes += data.len() as u64;
        if bytes > LARGEST {
            return Err(Status::resource_exhausted("a copy may have 2 GiB"));
        }
        hash.update(&data);
        file.write_all(&data).await.map_err(failed)?;
        match pieces.next().await {
            Some(next) => data = next?.data,
            None => break,
        }
    }
    file.sync_all().await.map_err(failed)?;
    if hex::encode(hash.finalize()) != digest.as_str() {
        let _ = tokio::fs::remove_file(&partial).await;
        return Err(Status::data_loss("the copy does not have the sha256 it was announced with: send it again"));
    }
    tokio::fs::rename(&partial, folder.join(name.as_str())).await.map_err(failed)?;
    forget_oldest(&folder).await.map_err(failed)?;
    Ok(StoreReply { digest: digest.to_string(), bytes })
}

/// Copies of one machine that are kept; their names sort by kind and time.
const COPIES: usize = 12;

async fn forget_oldest(folder: &std::path::Path) -> std::io::Result<()> {
    let mut names = Vec::new();
    let mut entries = tokio::fs::read_dir(folder).await?;
    while let Some(entry) = entries.next_entry().await? {
        names.extend(entry.file_name().into_string().ok().filter(|n| !n.starts_with('.')));
    }
    names.sort();
    let surplus = names.len().saturating_sub(COPIES);
    for name in names.iter().take(surplus) {
        tokio::fs::remove_file(folder.join(name)).await?;
    }
    Ok(())
}

/// Signs and registers a certificate: it counts before it is handed out.
pub(super) async fn certify(mesh: &SharedMesh, identity: &Identity, csr: &[u8]) -> Result<Certificate, Status> {
    let state = mesh.peek(|s| s.mesh.clone()).ok_or_else(|| Status::failed_precondition("there is no mesh yet"))?;
    let signed = ca::sign(&state, &mesh.seal, csr, identity).map_err(|e| Status::invalid_argument(format!("{e:#}")))?;
    let register = Command::RegisterCertificate {
        fingerprint: signed.fingerprint,
        identity: identity.clone(),
        not_after: signed.not_after,
    };
    mesh.propose(&identity.to_string(), register).await.map_err(reply::refused)?;
    Ok(Certificate { certificate_pem: signed.pem, ca_pem: state.ca_pem })
}
