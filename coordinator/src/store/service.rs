//! The server side of the consensus traffic. Knows nothing of certificates: whoever mounts it admits coordinators only.

use bytes::BytesMut;
use ha_domain::id::{ClusterName, CoordinatorId};
use ha_proto::v1::peer_server::{Peer, PeerServer};
use ha_proto::v1::snapshot_part::Part;
use ha_proto::v1::{
    AppendReply, AppendRequest, PeerRoute, SnapshotHead, SnapshotPart, SnapshotReply, TransferLeaderReply,
    TransferLeaderRequest, VoteReply, VoteRequest,
};
use openraft::async_runtime::watch::WatchReceiver as _;
use tonic::{Request, Response, Status, Streaming};

use super::machine::Machine;
use super::types::Snapshot;
use super::{Consensus, record, wire};

/// The largest message either way: a batch of records is about 1 MiB, one record may be larger.
pub const MESSAGE_LIMIT: usize = 32 << 20;
/// The largest snapshot that is accepted; the replicated state is a few MiB.
const SNAPSHOT_LIMIT: u64 = 1 << 30;

/// Serves a replica's peers.
pub struct PeerService<M: Machine> {
    cluster: ClusterName,
    me: CoordinatorId,
    raft: Consensus<M>,
}

impl<M: Machine> PeerService<M> {
    pub(super) fn new(cluster: ClusterName, me: CoordinatorId, raft: Consensus<M>) -> Self {
        Self { cluster, me, raft }
    }

    /// The service with its message limits, ready to be mounted.
    pub fn into_server(self) -> PeerServer<Self> {
        PeerServer::new(self).max_decoding_message_size(MESSAGE_LIMIT).max_encoding_message_size(MESSAGE_LIMIT)
    }

    /// Refuses what is meant for another cluster or replica: an address may have a new owner.
    fn check(&self, route: Option<&PeerRoute>) -> Result<(), Status> {
        let route = route.ok_or_else(|| Status::invalid_argument("the message has no route"))?;
        if route.cluster != self.cluster.as_str() || route.to != self.me.0 {
            let (cluster, me) = (&self.cluster, self.me);
            return Err(Status::failed_precondition(format!("this is replica {me} of cluster {cluster}")));
        }
        Ok(())
    }

    /// A replica without a log has no vote: it is new, and gets the log before it is made a voter; or it has lost its
    /// disk, and may have voted otherwise before.
    fn check_voter(&self, route: Option<&PeerRoute>) -> Result<(), Status> {
        self.check(route)?;
        match self.raft.metrics().borrow_watched().last_log_index {
            Some(_) => Ok(()),
            None => Err(Status::failed_precondition("this replica has no log yet, so it does not vote")),
        }
    }

    async fn receive(&self, head: &SnapshotHead, parts: &mut Streaming<SnapshotPart>) -> Result<Snapshot, Status> {
        if head.length > SNAPSHOT_LIMIT {
            return Err(Status::invalid_argument("the snapshot is too large"));
        }
        let length = usize::try_from(head.length).map_err(|_| Status::invalid_argument("the snapshot is too large"))?;
        let mut data = BytesMut::new();
        while let Some(part) = parts.message().await? {
            match part.part {
                Some(Part::Data(piece)) if data.len() + piece.len() <= length => data.extend_from_slice(&piece),
                Some(Part::Data(_)) => return Err(Status::invalid_argument("the snapshot is longer than announced")),
                Some(Part::Head(_)) | None => return Err(Status::invalid_argument("a snapshot part without data")),
            }
        }
        let data = data.freeze();
        let meta = record::decode_snapshot(head.meta.clone().into(), &data).map_err(bad)?;
        Ok(Snapshot { meta, snapshot: data })
    }
}

#[tonic::async_trait]
impl<M: Machine> Peer for PeerService<M> {
    async fn append(&self, request: Request<AppendRequest>) -> Result<Response<AppendReply>, Status> {
        let message = request.into_inner();
        self.check(message.route.as_ref())?;
        let reply = self.raft.append_entries(wire::append_in(message).map_err(bad)?).await.map_err(stopped)?;
        Ok(Response::new(wire::append_reply_out(&reply)))
    }

    async fn vote(&self, request: Request<VoteRequest>) -> Result<Response<VoteReply>, Status> {
        let message = request.into_inner();
        self.check_voter(message.route.as_ref())?;
        let reply = self.raft.vote(wire::vote_in(message).map_err(bad)?).await.map_err(stopped)?;
        Ok(Response::new(wire::vote_reply_out(&reply)))
    }

    async fn pre_vote(&self, request: Request<VoteRequest>) -> Result<Response<VoteReply>, Status> {
        let message = request.into_inner();
        self.check_voter(message.route.as_ref())?;
        let reply = self.raft.pre_vote(wire::vote_in(message).map_err(bad)?).await.map_err(stopped)?;
        Ok(Response::new(wire::vote_reply_out(&reply)))
    }

    async fn install_snapshot(
        &self,
        request: Request<Streaming<SnapshotPart>>,
    ) -> Result<Response<SnapshotReply>, Status> {
        let mut parts = request.into_inner();
        let Some(SnapshotPart { part: Some(Part::Head(head)) }) = parts.message().await? else {
            return Err(Status::invalid_argument("a snapshot begins with its head"));
        };
        self.check(head.route.as_ref())?;
        let vote = wire::need_vote(head.ballot).map_err(bad)?;
        let snapshot = self.receive(&head, &mut parts).await?;
        let reply = self.raft.install_full_snapshot(vote, snapshot).await.map_err(stopped)?;
        Ok(Response::new(SnapshotReply { ballot: Some(record::ballot(&reply.vote)) }))
    }

    async fn transfer_leader(
        &self,
        request: Request<TransferLeaderRequest>,
    ) -> Result<Response<TransferLeaderReply>, Status> {
        let message = request.into_inner();
        self.check(message.route.as_ref())?;
        let rpc = wire::transfer_in(message).map_err(bad)?;
        let reply = self.raft.handle_transfer_leader(rpc).await.map_err(stopped)?;
        Ok(Response::new(wire::transfer_reply_out(&reply)))
    }
}

fn bad(error: impl std::fmt::Display) -> Status {
    Status::invalid_argument(error.to_string())
}

/// Consensus has stopped here, by failure or on purpose: for the peer that is the same as a dead replica.
fn stopped(error: impl std::fmt::Display) -> Status {
    Status::unavailable(error.to_string())
}
