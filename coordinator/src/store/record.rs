//! The store's own record encoding, on disk and (for log records and snapshot heads) on the wire.
//!
//! A record is one version byte, a CRC-32 of the rest (big endian), then protobuf. Fields are only ever added, and
//! never renumbered: an old disk must stay readable, whatever becomes of the consensus library.

use std::collections::{BTreeMap, BTreeSet};

use bytes::{Buf as _, Bytes};
use ha_proto::v1::{Ballot, LogPosition};
use prost::{Message, Oneof};

use super::crc::crc32;
use super::types::{
    Command, CommittedLeaderId, Entry, LeaderId, LogId, Membership, Node, Payload, SnapshotMeta, StoredMembership, Vote,
};

const VERSION: u8 = 1;
const HEAD: usize = 5;

/// Bytes that are not one of our records.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    /// Shorter than a head, or the checksum does not match: the disk or the wire lied.
    #[error("record is damaged ({0} bytes); this replica must be replaced by a new one")]
    Damaged(usize),
    /// Written by a later version of this program.
    #[error("record has version {0}, this program reads version {VERSION}; install the newer program again")]
    Version(u8),
    /// The checksum holds, the content is not what it should be.
    #[error("record does not decode: {0}")]
    Content(String),
}

#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(message, optional, tag = "1")]
    at: Option<LogPosition>,
    #[prost(oneof = "Content", tags = "2, 3, 4")]
    content: Option<Content>,
}

#[derive(Clone, PartialEq, Oneof)]
enum Content {
    /// Always true; a record without content is one this version does not understand.
    #[prost(bool, tag = "2")]
    Blank(bool),
    #[prost(bytes = "bytes", tag = "3")]
    Command(Bytes),
    #[prost(message, tag = "4")]
    Members(Members),
}

#[derive(Clone, PartialEq, Message)]
struct Members {
    /// One set of voters, or two while a change is under way.
    #[prost(message, repeated, tag = "1")]
    voters: Vec<Voters>,
    #[prost(btree_map = "uint64, string", tag = "2")]
    addresses: BTreeMap<u64, String>,
}

#[derive(Clone, PartialEq, Message)]
struct Voters {
    #[prost(uint64, repeated, tag = "1")]
    ids: Vec<u64>,
}

#[derive(Clone, PartialEq, Message)]
struct SnapshotRecord {
    #[prost(message, optional, tag = "1")]
    last: Option<LogPosition>,
    #[prost(message, optional, tag = "2")]
    members_at: Option<LogPosition>,
    #[prost(message, optional, tag = "3")]
    members: Option<Members>,
    #[prost(uint64, tag = "4")]
    length: u64,
    #[prost(fixed32, tag = "5")]
    crc: u32,
}

pub(crate) fn encode_entry(entry: &Entry) -> Vec<u8> {
    let content = match &entry.payload {
        Payload::Blank => Content::Blank(true),
        Payload::Normal(command) => Content::Command(command.0.clone()),
        Payload::Membership(m) => Content::Members(members_out(m)),
    };
    seal(&LogRecord { at: Some(position(&entry.log_id)), content: Some(content) })
}

pub(crate) fn decode_entry(bytes: Bytes) -> Result<Entry, RecordError> {
    let record: LogRecord = open(bytes)?;
    let payload = match record.content.ok_or_else(|| RecordError::Content("unknown kind of log record".to_owned()))? {
        Content::Blank(_) => Payload::Blank,
        Content::Command(bytes) => Payload::Normal(Command(bytes)),
        Content::Members(m) => Payload::Membership(members_in(m)?),
    };
    let at = record.at.ok_or_else(|| RecordError::Content("log record without a position".to_owned()))?;
    Ok(Entry { log_id: log_id(&at), payload })
}

pub(crate) fn encode_vote(vote: &Vote) -> Vec<u8> {
    seal(&ballot(vote))
}

pub(crate) fn decode_vote(bytes: Bytes) -> Result<Vote, RecordError> {
    open(bytes).map(|b| vote(&b))
}

pub(crate) fn encode_log_id(id: &LogId) -> Vec<u8> {
    seal(&position(id))
}

pub(crate) fn decode_log_id(bytes: Bytes) -> Result<LogId, RecordError> {
    open(bytes).map(|p| log_id(&p))
}

/// The meta data of a snapshot, with the length and checksum of its data.
pub(crate) fn encode_snapshot(meta: &SnapshotMeta, data: &[u8]) -> Vec<u8> {
    seal(&SnapshotRecord {
        last: meta.last_log_id.as_ref().map(position),
        members_at: meta.last_membership.log_id().as_ref().map(position),
        members: Some(members_out(meta.last_membership.membership())),
        length: data.len() as u64,
        crc: crc32(data),
    })
}

/// The inverse of [`encode_snapshot`]; refuses data other than what the meta data was made for.
pub(crate) fn decode_snapshot(meta: Bytes, data: &[u8]) -> Result<SnapshotMeta, RecordError> {
    let record: SnapshotRecord = open(meta)?;
    if record.length != data.len() as u64 || record.crc != crc32(data) {
        return Err(RecordError::Damaged(data.len()));
    }
    let members = members_in(record.members.unwrap_or_default())?;
    let at = record.members_at.as_ref().map(log_id);
    Ok(SnapshotMeta {
        last_log_id: record.last.as_ref().map(log_id),
        last_membership: StoredMembership::new(at, members),
    })
}

pub(crate) fn position(id: &LogId) -> LogPosition {
    LogPosition { term: id.leader_id.term, node: id.leader_id.node_id, index: id.index }
}

pub(crate) fn log_id(p: &LogPosition) -> LogId {
    LogId::new(CommittedLeaderId { term: p.term, node_id: p.node }, p.index)
}

pub(crate) fn ballot(vote: &Vote) -> Ballot {
    Ballot { term: vote.leader_id.term, node: vote.leader_id.node_id, committed: vote.committed }
}

pub(crate) fn vote(b: &Ballot) -> Vote {
    Vote { leader_id: LeaderId { term: b.term, node_id: b.node }, committed: b.committed }
}

fn members_out(m: &Membership) -> Members {
    let voters = m.get_joint_config().iter().map(|ids| Voters { ids: ids.iter().copied().collect() }).collect();
    Members { voters, addresses: m.nodes().map(|(id, node)| (*id, node.addr.clone())).collect() }
}

fn members_in(m: Members) -> Result<Membership, RecordError> {
    if m.voters.is_empty() && m.addresses.is_empty() {
        return Ok(Membership::default());
    }
    let voters: Vec<BTreeSet<u64>> = m.voters.into_iter().map(|v| v.ids.into_iter().collect()).collect();
    let nodes: BTreeMap<u64, Node> = m.addresses.into_iter().map(|(id, addr)| (id, Node { addr })).collect();
    Membership::new(voters, nodes).map_err(|e| RecordError::Content(e.to_string()))
}

fn seal(message: &impl Message) -> Vec<u8> {
    let mut out = Vec::with_capacity(HEAD + message.encoded_len());
    out.extend_from_slice(&[VERSION, 0, 0, 0, 0]);
    out.extend_from_slice(&message.encode_to_vec());
    let sum = crc32(&out[HEAD..]);
    out[1..HEAD].copy_from_slice(&sum.to_be_bytes());
    out
}

fn open<M: Message + Default>(mut bytes: Bytes) -> Result<M, RecordError> {
    let length = bytes.len();
    if length < HEAD {
        return Err(RecordError::Damaged(length));
    }
    let version = bytes.get_u8();
    if version != VERSION {
        return Err(RecordError::Version(version));
    }
    if bytes.get_u32() != crc32(&bytes) {
        return Err(RecordError::Damaged(length));
    }
    M::decode(bytes).map_err(|e| RecordError::Content(e.to_string()))
}

#[cfg(test)]
#[path = "record_test.rs"]
mod test;
