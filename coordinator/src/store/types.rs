//! The types the consensus library is set up with, and their short names. Knows nothing of disk, wire or commands' meaning.

use std::fmt;

use bytes::Bytes;
use openraft::BasicNode;

openraft::declare_raft_types!(
    /// Commands and replies are bytes; a replica is a number and an address.
    pub(crate) Types:
        D = Command,
        R = Reply,
        NodeId = u64,
        Node = BasicNode,
);

/// A command as bytes: what it means is the machine's affair, and it may hold secrets, so only its size is ever shown.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Command(pub(crate) Bytes);

impl fmt::Debug for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

/// What applying a command returned.
#[derive(Clone, PartialEq, Eq, Default)]
pub(crate) struct Reply(pub(crate) Vec<u8>);

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

pub(crate) type Node = BasicNode;
pub(crate) type Entry = openraft::alias::EntryOf<Types>;
pub(crate) type Payload = openraft::alias::EntryPayloadOf<Types>;
pub(crate) type LogId = openraft::alias::LogIdOf<Types>;
pub(crate) type LeaderId = openraft::alias::LeaderIdOf<Types>;
pub(crate) type CommittedLeaderId = openraft::alias::CommittedLeaderIdOf<Types>;
pub(crate) type Vote = openraft::alias::VoteOf<Types>;
pub(crate) type Membership = openraft::Membership<u64, Node>;
pub(crate) type StoredMembership = openraft::alias::StoredMembershipOf<Types>;
pub(crate) type SnapshotMeta = openraft::alias::SnapshotMetaOf<Types>;
pub(crate) type Snapshot = openraft::alias::SnapshotOf<Types, Bytes>;
