//! The client side of the consensus traffic: one lazy channel per peer, a deadline on every call.
//! Knows nothing of certificates: channels come from a [`Connect`].

use std::collections::BTreeMap;
use std::error::Error as _;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use ha_domain::id::{ClusterName, CoordinatorId};
use ha_proto::v1::peer_client::PeerClient;
use ha_proto::v1::{PeerRoute, SnapshotHead, SnapshotPart, snapshot_part::Part};
use openraft::errors::{NetworkError, RPCError, ReplicationClosed, StreamingError, Timeout, Unreachable};
use openraft::network::RPCOption;
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, TransferLeaderRequest, TransferLeaderResponse,
    VoteRequest, VoteResponse,
};
use openraft::{OptionalSend, RPCTypes, RaftNetworkFactory, RaftNetworkV2};
use tonic::transport::Channel;
use tonic::{Response, Status};

use super::disk::lock;
use super::service::MESSAGE_LIMIT;
use super::types::{Node, Snapshot, Types, Vote};
use super::{record, wire};

/// How to reach another replica.
pub trait Connect: Send + Sync + 'static {
    /// A channel to the replica `id` at `address` that connects when first used, and again when broken. Whoever
    /// answers must prove to be `id`. Called inside a runtime; must not block.
    fn channel(&self, id: CoordinatorId, address: &str) -> Channel;
}

/// The size of one piece of a snapshot on the wire.
const PIECE: usize = 1 << 20;
/// Records wait for the follower's disk, so they get this many times the deadline of a heartbeat.
const DISK_ALLOWANCE: u32 = 4;
/// Heartbeats get this many times their own interval.
const HEARTBEAT_ALLOWANCE: u32 = 3;

/// Makes [`Link`]s; clones share their channels.
#[derive(Clone)]
pub(super) struct Network {
    cluster: ClusterName,
    me: CoordinatorId,
    connect: Arc<dyn Connect>,
    channels: Arc<Mutex<BTreeMap<(u64, String), Channel>>>,
}

impl Network {
    pub(super) fn new(cluster: ClusterName, me: CoordinatorId, connect: Arc<dyn Connect>) -> Self {
        Self { cluster, me, connect, channels: Arc::default() }
    }

    /// Closes the channels to a replica that is no member any more.
    pub(super) fn forget(&self, id: CoordinatorId) {
        lock(&self.channels).retain(|(known, _), _| *known != id.0);
    }

    fn channel(&self, id: u64, address: &str) -> Channel {
        let make = || self.connect.channel(CoordinatorId(id), address);
        lock(&self.channels).entry((id, address.to_owned())).or_insert_with(make).clone()
    }
}

impl RaftNetworkFactory<Types> for Network {
    type Network = Link;

    async fn new_client(&mut self, target: u64, node: &Node) -> Link {
        let client = PeerClient::new(self.channel(target, &node.addr))
            .max_encoding_message_size(MESSAGE_LIMIT)
            .max_decoding_message_size(MESSAGE_LIMIT);
        let route = PeerRoute { cluster: self.cluster.to_string(), from: self.me.0, to: target };
        Link { client, route }
    }
}

/// The link to one peer.
pub(super) struct Link {
    client: PeerClient<Channel>,
    route: PeerRoute,
}

type Failure = RPCError<Types>;

impl Link {
    async fn call<T>(
        &self,
        action: RPCTypes,
        deadline: Duration,
        call: impl Future<Output = Result<Response<T>, Status>>,
    ) -> Result<T, Failure> {
        match tokio::time::timeout(deadline, call).await {
            Ok(Ok(reply)) => Ok(reply.into_inner()),
            Ok(Err(status)) => Err(classify(&status)),
            Err(_) => Err(Timeout { action, id: self.route.from, target: self.route.to, timeout: deadline }.into()),
        }
    }
}

impl RaftNetworkV2<Types> for Link {
    type SnapshotData = Bytes;

    async fn append_entries(
        &mut self,
        rpc: AppendEntriesRequest<Types>,
        option: RPCOption,
    ) -> Result<AppendEntriesResponse<Types>, Failure> {
        // A heartbeat may be late: its answer still counts for the lease, and a busy machine is not a dead one.
        let allowance = if rpc.entries.is_empty() { HEARTBEAT_ALLOWANCE } else { DISK_ALLOWANCE };
        let request = wire::append_out(self.route.clone(), &rpc);
        let mut client = self.client.clone();
        let deadline = option.hard_ttl() * allowance;
        let reply = self.call(RPCTypes::AppendEntries, deadline, client.append(request)).await?;
        wire::append_reply_in(reply).map_err(garbled)
    }

    async fn vote(&mut self, rpc: VoteRequest<Types>, option: RPCOption) -> Result<VoteResponse<Types>, Failure> {
        let request = wire::vote_out(self.route.clone(), &rpc);
        let mut client = self.client.clone();
        let reply = self.call(RPCTypes::Vote, option.hard_ttl(), client.vote(request)).await?;
        wire::vote_reply_in(reply).map_err(garbled)
    }

    async fn pre_vote(&mut self, rpc: VoteRequest<Types>, option: RPCOption) -> Result<VoteResponse<Types>, Failure> {
        let request = wire::vote_out(self.route.clone(), &rpc);
        let mut client = self.client.clone();
        let reply = self.call(RPCTypes::Vote, option.hard_ttl(), client.pre_vote(request)).await?;
        wire::vote_reply_in(reply).map_err(garbled)
    }

    async fn full_snapshot(
        &mut self,
        vote: Vote,
        snapshot: Snapshot,
        cancel: impl Future<Output = ReplicationClosed> + OptionalSend + 'static,
        option: RPCOption,
    ) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
        let parts = tokio_stream::iter(parts(self.route.clone(), &vote, &snapshot));
        let mut client = self.client.clone();
        let sending = self.call(RPCTypes::InstallSnapshot, option.hard_ttl(), client.install_snapshot(parts));
        let reply = tokio::select! {
            closed = cancel => return Err(closed.into()),
            reply = sending => reply?,
        };
        let vote = wire::need_vote(reply.ballot).map_err(|e| StreamingError::from(garbled(e)))?;
        Ok(SnapshotResponse::new(vote))
    }

    async fn transfer_leader(
        &mut self,
        req: TransferLeaderRequest<Types>,
        option: RPCOption,
    ) -> Result<TransferLeaderResponse<Types>, Failure> {
        let request = wire::transfer_out(self.route.clone(), &req);
        let mut client = self.client.clone();
        let reply = self.call(RPCTypes::TransferLeader, option.hard_ttl(), client.transfer_leader(request)).await?;
        wire::transfer_reply_in(reply, &req).map_err(garbled)
    }
}

fn parts(route: PeerRoute, vote: &Vote, snapshot: &Snapshot) -> impl Iterator<Item = SnapshotPart> + use<> {
    let data = snapshot.snapshot.clone();
    let head = SnapshotHead {
        route: Some(route),
        ballot: Some(record::ballot(vote)),
        meta: record::encode_snapshot(&snapshot.meta, &data),
        length: data.len() as u64,
    };
    let starts = (0..data.len()).step_by(PIECE);
    let pieces = starts.map(move |start| Part::Data(data.slice(start..data.len().min(start + PIECE))));
    std::iter::once(Part::Head(head)).chain(pieces).map(|part| SnapshotPart { part: Some(part) })
}

/// A peer that cannot be reached, or that says it is somebody else, is left alone for a while; other failures are
/// tried again at once.
fn classify(status: &Status) -> Failure {
    let broken = status.source().is_some_and(|cause| cause.is::<tonic::transport::Error>());
    let elsewhere = matches!(status.code(), tonic::Code::Unavailable | tonic::Code::FailedPrecondition);
    if broken || elsewhere { Unreachable::from_string(status).into() } else { NetworkError::from_string(status).into() }
}

fn garbled(error: wire::WireError) -> Failure {
    NetworkError::new(&error).into()
}
