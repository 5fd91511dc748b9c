//! Between the consensus library's messages and our own protobuf. Knows no socket and no disk.

use bytes::Bytes;
use ha_proto::v1::{self, append_reply, transfer_leader_reply};
use openraft::raft::{
    AppendEntriesRequest, AppendEntriesResponse, TransferLeaderError, TransferLeaderRequest, TransferLeaderResponse,
    VoteRequest, VoteResponse,
};

use super::record::{self, ballot, log_id, position, vote};
use super::types::{Types, Vote};

/// A message that lacks something it must have, or holds a record that does not decode.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireError {
    #[error("the message has no {0}")]
    Missing(&'static str),
    #[error(transparent)]
    Record(#[from] record::RecordError),
}

pub(super) fn append_out(route: v1::PeerRoute, rpc: &AppendEntriesRequest<Types>) -> v1::AppendRequest {
    v1::AppendRequest {
        route: Some(route),
        ballot: Some(ballot(&rpc.vote)),
        previous: rpc.prev_log_id.as_ref().map(position),
        commit: rpc.leader_commit.as_ref().map(position),
        records: rpc.entries.iter().map(|entry| Bytes::from(record::encode_entry(entry))).collect(),
    }
}

pub(super) fn append_in(m: v1::AppendRequest) -> Result<AppendEntriesRequest<Types>, WireError> {
    Ok(AppendEntriesRequest {
        vote: need_vote(m.ballot)?,
        prev_log_id: m.previous.as_ref().map(log_id),
        entries: m.records.into_iter().map(record::decode_entry).collect::<Result<_, _>>()?,
        leader_commit: m.commit.as_ref().map(log_id),
    })
}

pub(super) fn append_reply_out(reply: &AppendEntriesResponse<Types>) -> v1::AppendReply {
    use append_reply::{AppendedTo, Done, Outcome};
    let outcome = match reply {
        AppendEntriesResponse::Success => Outcome::Done(Done {}),
        AppendEntriesResponse::PartialSuccess(last) => {
            Outcome::Partial(AppendedTo { last: last.as_ref().map(position) })
        }
        AppendEntriesResponse::Conflict => Outcome::Conflict(Done {}),
        AppendEntriesResponse::HigherVote(vote) => Outcome::Higher(ballot(vote)),
    };
    v1::AppendReply { outcome: Some(outcome) }
}

pub(super) fn append_reply_in(m: v1::AppendReply) -> Result<AppendEntriesResponse<Types>, WireError> {
    use append_reply::Outcome;
    Ok(match m.outcome.ok_or(WireError::Missing("outcome"))? {
        Outcome::Done(_) => AppendEntriesResponse::Success,
        Outcome::Partial(to) => AppendEntriesResponse::PartialSuccess(to.last.as_ref().map(log_id)),
        Outcome::Conflict(_) => AppendEntriesResponse::Conflict,
        Outcome::Higher(b) => AppendEntriesResponse::HigherVote(vote(&b)),
    })
}

pub(super) fn vote_out(route: v1::PeerRoute, rpc: &VoteRequest<Types>) -> v1::VoteRequest {
    v1::VoteRequest {
        route: Some(route),
        ballot: Some(ballot(&rpc.vote)),
        last: rpc.last_log_id.as_ref().map(position),
        handover: rpc.leadership_transfer,
    }
}

pub(super) fn vote_in(m: v1::VoteRequest) -> Result<VoteRequest<Types>, WireError> {
    let mut rpc = VoteRequest::new(need_vote(m.ballot)?, m.last.as_ref().map(log_id));
    rpc.leadership_transfer = m.handover;
    Ok(rpc)
}

pub(super) fn vote_reply_out(reply: &VoteResponse<Types>) -> v1::VoteReply {
    v1::VoteReply {
        ballot: Some(ballot(&reply.vote)),
        granted: reply.vote_granted,
        last: reply.last_log_id.as_ref().map(position),
    }
}

pub(super) fn vote_reply_in(m: v1::VoteReply) -> Result<VoteResponse<Types>, WireError> {
    Ok(VoteResponse::new(need_vote(m.ballot)?, m.last.as_ref().map(log_id), m.granted))
}

pub(super) fn transfer_out(route: v1::PeerRoute, rpc: &TransferLeaderRequest<Types>) -> v1::TransferLeaderRequest {
    v1::TransferLeaderRequest {
        route: Some(route),
        ballot: Some(ballot(rpc.from_leader())),
        to: *rpc.to_node_id(),
        last: rpc.last_log_id().map(position),
    }
}

pub(super) fn transfer_in(m: v1::TransferLeaderRequest) -> Result<TransferLeaderRequest<Types>, WireError> {
    Ok(TransferLeaderRequest::new(need_vote(m.ballot)?, m.to, m.last.as_ref().map(log_id)))
}

pub(super) fn transfer_reply_out(reply: &TransferLeaderResponse<Types>) -> v1::TransferLeaderReply {
    use transfer_leader_reply::{Accepted, Behind, Outcome};
    let outcome = match reply {
        Ok(()) => Outcome::Accepted(Accepted {}),
        Err(TransferLeaderError::VoteChanged { actual, .. }) => Outcome::VoteChanged(ballot(actual)),
        Err(TransferLeaderError::LogNotFlushed { actual, .. }) => {
            Outcome::Behind(Behind { actual: actual.as_ref().map(position) })
        }
    };
    v1::TransferLeaderReply { outcome: Some(outcome) }
}

/// The reply to `sent`, which supplies what was expected.
pub(super) fn transfer_reply_in(
    m: v1::TransferLeaderReply,
    sent: &TransferLeaderRequest<Types>,
) -> Result<TransferLeaderResponse<Types>, WireError> {
    use transfer_leader_reply::Outcome;
    Ok(match m.outcome.ok_or(WireError::Missing("outcome"))? {
        Outcome::Accepted(_) => Ok(()),
        Outcome::VoteChanged(b) => {
            Err(TransferLeaderError::VoteChanged { expected: *sent.from_leader(), actual: vote(&b) })
        }
        Outcome::Behind(behind) => Err(TransferLeaderError::LogNotFlushed {
            expected: sent.last_log_id().copied(),
            actual: behind.actual.as_ref().map(log_id),
        }),
    })
}

pub(super) fn need_vote(b: Option<v1::Ballot>) -> Result<Vote, WireError> {
    b.as_ref().map(vote).ok_or(WireError::Missing("ballot"))
}
