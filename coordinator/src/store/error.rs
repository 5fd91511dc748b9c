//! Why the store refuses. Every message says what to do next. Knows no library's error types.

use std::path::PathBuf;

use ha_domain::id::{ClusterName, CoordinatorId};

use super::members::Member;

/// Why a replica does not start.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// A new replica needs an unused folder.
    #[error("{} already holds a replica: open it, or choose another folder", dir.display())]
    InUse {
        /// The folder.
        dir: PathBuf,
    },
    /// There is no replica here, or no longer.
    #[error("{} holds no replica's identity: join the cluster as a new replica, with a fresh id and an empty folder", dir.display())]
    IdentityMissing {
        /// The folder.
        dir: PathBuf,
    },
    /// The identity is there, the data is not: this replica's votes are forgotten, so its id is dead.
    #[error(
        "replica {id} has lost its data; never start it again: empty the folder, join under a fresh id, and remove {id} from the cluster"
    )]
    EmptyDisk {
        /// The lost id.
        id: CoordinatorId,
    },
    /// The folder belongs to another site.
    #[error("the folder belongs to cluster {found}, not to {wanted}: check the configured data folder")]
    OtherCluster {
        /// What the folder says.
        found: ClusterName,
        /// What was asked for.
        wanted: ClusterName,
    },
    /// The folder belongs to another replica.
    #[error("the folder belongs to replica {found}, not to {wanted}: check the configured data folder and certificate")]
    OtherId {
        /// What the folder says.
        found: CoordinatorId,
        /// What was asked for.
        wanted: CoordinatorId,
    },
    /// Stored bytes are not what was written.
    #[error("the replica's data is damaged ({0}): replace this replica by a new one")]
    Damaged(String),
    /// The operating system refused.
    #[error("opening {}: {source}", path.display())]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
    /// The consensus library refused to start.
    #[error("starting consensus: {0}")]
    Consensus(String),
}

/// Why a command was not accepted.
#[derive(Debug, thiserror::Error)]
pub enum ProposeError {
    /// This replica does not lead: ask the leader. The command was not accepted.
    #[error("this replica does not lead; leader: {}", named(.leader))]
    NotLeader {
        /// The leader, if one is known.
        leader: Option<Member>,
    },
    /// This replica cannot take commands. The command was not accepted.
    #[error("this replica takes no commands: {0}")]
    Unavailable(String),
    /// Nobody knows whether the command took effect: read the state before trying again.
    #[error("the command may or may not take effect; read the state before trying again")]
    Indeterminate,
}

/// Why a linearizable read failed.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// This replica does not lead: ask the leader.
    #[error("this replica does not lead; leader: {}", named(.leader))]
    NotLeader {
        /// The leader, if one is known.
        leader: Option<Member>,
    },
    /// No majority answers, or this replica is stopping: try again, or try another replica.
    #[error("the newest state cannot be confirmed: {0}")]
    Unavailable(String),
}

/// Why the membership did not change.
#[derive(Debug, thiserror::Error)]
pub enum MemberError {
    /// This replica does not lead: ask the leader.
    #[error("this replica does not lead; leader: {}", named(.leader))]
    NotLeader {
        /// The leader, if one is known.
        leader: Option<Member>,
    },
    /// The id is not a member.
    #[error("{0} is not a member: add it as a learner first")]
    Unknown(CoordinatorId),
    /// The id is a member under another address; two replicas may never share an id.
    #[error("{id} is already a member at {address}: give the new replica a fresh id")]
    AddressTaken {
        /// The id in use.
        id: CoordinatorId,
        /// Where it is.
        address: String,
    },
    /// A learner did not catch up in time; it stays a learner, so try again when it has.
    #[error("{id} has not caught up (it has entry {matched}, the log ends at {last}): try again later")]
    Behind {
        /// The learner.
        id: CoordinatorId,
        /// The last entry it has.
        matched: u64,
        /// The end of the log.
        last: u64,
    },
    /// The last voter cannot be removed.
    #[error("{0} is the last voter and cannot be removed")]
    LastVoter(CoordinatorId),
    /// The change was refused, and did not happen.
    #[error("the membership change was refused: {0}")]
    Refused(String),
    /// Nobody knows whether the change happened: look at the members before trying again.
    #[error("the membership change may or may not happen; look at the members before trying again")]
    Indeterminate,
}

fn named(leader: &Option<Member>) -> String {
    leader.as_ref().map_or_else(|| "unknown".to_owned(), |m| format!("{} at {}", m.id, m.address))
}
