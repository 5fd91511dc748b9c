//! Who belongs to the cluster, and how that changes: one change at a time, never through a smaller quorum than needed.
//! Knows nothing of why a member comes or goes.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::time::Duration;

use ha_domain::id::CoordinatorId;
use openraft::ChangeMembers;
use openraft::async_runtime::watch::WatchReceiver as _;
use openraft::errors::{ClientWriteError, ForwardToLeader, RaftError};

use super::error::{MemberError, ProposeError};
use super::machine::Machine;
use super::types::{Node, Types};
use super::{Metrics, Store};

/// A learner may vote once it lacks at most this many entries.
const CAUGHT_UP: u64 = 64;
/// How long a learner may take to catch up; a snapshot of a few MiB takes a second or two.
const CATCH_UP: Duration = Duration::from_secs(60);

/// A replica as the membership knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub id: CoordinatorId,
    /// Where its peers reach it.
    pub address: String,
    /// Whether it votes.
    pub role: Role,
    /// The last log entry that it is known to have; only the leader knows.
    pub matched: Option<u64>,
}

/// Whether a member counts in votes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It does.
    Voter,
    /// It only receives.
    Learner,
}

/// The member `id`, if the membership in `metrics` has it.
pub(super) fn member(metrics: &Metrics, id: u64) -> Option<Member> {
    let members = metrics.membership_config.membership();
    let node = members.get_node(&id)?;
    let role = if members.voter_ids().any(|voter| voter == id) { Role::Voter } else { Role::Learner };
    let matched = metrics.replication.as_ref().and_then(|r| r.get(&id)).map(|at| at.map_or(0, |at| at.index));
    Some(Member { id: CoordinatorId(id), address: node.addr.clone(), role, matched })
}

/// The leader a refusal points to, unless it points back to this replica (whose lease has run out).
pub(super) fn pointed_to(forward: ForwardToLeader<Types>, metrics: &Metrics) -> Option<Member> {
    forward.leader_id.filter(|id| *id != metrics.id).and_then(|id| member(metrics, id))
}

impl<M: Machine> Store<M> {
    /// The members as this replica knows them; the leader also knows how far each one is.
    pub fn members(&self) -> Vec<Member> {
        let metrics = self.metrics();
        let ids: Vec<u64> = metrics.membership_config.membership().nodes().map(|(id, _)| *id).collect();
        ids.into_iter().filter_map(|id| member(&metrics, id)).collect()
    }

    /// Whether a change of voters is half done as far as this replica knows: until it is whole, both the old and the new
    /// voters must agree to everything.
    pub fn is_changing_voters(&self) -> bool {
        self.metrics().membership_config.membership().get_joint_config().len() > 1
    }

    /// A number that no replica has had: the index of an empty log entry.
    pub async fn next_id(&self) -> Result<CoordinatorId, ProposeError> {
        let written = tokio::time::timeout(self.timing().patience(), self.raft().write_blank()).await;
        let written = written.map_err(|_| ProposeError::Indeterminate)?;
        written.map(|reply| CoordinatorId(reply.log_id.index)).map_err(|e| self.not_proposed(e))
    }

    /// Adds a new replica that receives the log but has no vote. Asking twice is harmless.
    pub async fn add_learner(&self, id: CoordinatorId, address: &str) -> Result<(), MemberError> {
        let _one_at_a_time = self.changes().lock().await;
        if let Some(known) = member(&self.metrics(), id.0) {
            return match known.address == address {
                true => Ok(()),
                false => Err(MemberError::AddressTaken { id, address: known.address }),
            };
        }
        let nodes = BTreeMap::from([(id.0, Node::new(address))]);
        self.change(ChangeMembers::AddNodes(nodes)).await
    }

    /// Gives a learner a vote, once it has caught up.
    pub async fn promote(&self, id: CoordinatorId) -> Result<(), MemberError> {
        let _one_at_a_time = self.changes().lock().await;
        if self.known(id)?.role == Role::Voter {
            return Ok(());
        }
        self.caught_up(id).await?;
        self.change(ChangeMembers::AddVoterIds(BTreeSet::from([id.0]))).await
    }

    /// Replaces the member `remove` by the learner `add` in one step, once `add` has caught up. The number of voters
    /// never drops in between.
    pub async fn replace(&self, remove: CoordinatorId, add: CoordinatorId) -> Result<(), MemberError> {
        let _one_at_a_time = self.changes().lock().await;
        self.known(remove)?;
        self.known(add)?;
        self.caught_up(add).await?;
        let add = ChangeMembers::AddVoterIds(BTreeSet::from([add.0]));
        let gone = ChangeMembers::RemoveVoters(BTreeSet::from([remove.0]));
        self.change(ChangeMembers::Batch(vec![add, gone])).await?;
        self.network().forget(remove);
        Ok(())
    }

    /// Removes a member for good: its id is never used again. It is not told; stop it from outside.
    pub async fn remove(&self, id: CoordinatorId) -> Result<(), MemberError> {
        let _one_at_a_time = self.changes().lock().await;
        let ids = BTreeSet::from([id.0]);
        let change = match self.known(id)?.role {
            Role::Learner => ChangeMembers::RemoveNodes(ids),
            Role::Voter if self.members().iter().filter(|m| m.role == Role::Voter).count() == 1 => {
                return Err(MemberError::LastVoter(id));
            }
            Role::Voter => ChangeMembers::RemoveVoters(ids),
        };
        self.change(change).await?;
        self.network().forget(id);
        Ok(())
    }

    /// Hands the lead to `to`, or to the voter that is furthest along, and returns who leads then.
    pub async fn transfer_leadership(&self, to: Option<CoordinatorId>) -> Result<CoordinatorId, MemberError> {
        let heir = match to {
            Some(id) => self.known(id)?,
            None => self.best_heir()?,
        };
        if heir.role == Role::Learner {
            return Err(MemberError::Refused(format!("{} is a learner and cannot lead", heir.id)));
        }
        let sent = self.raft().trigger().transfer_leader(heir.id.0).await;
        sent.map_err(|e| MemberError::Refused(e.to_string()))?;
        let waited = self.raft().wait(Some(self.timing().patience())).current_leader(heir.id.0, "transfer").await;
        match waited {
            Ok(_) => Ok(heir.id),
            Err(_) => Err(MemberError::Refused(format!("{} did not take over in time", heir.id))),
        }
    }

    fn best_heir(&self) -> Result<Member, MemberError> {
        let me = self.id();
        let others = self.members().into_iter().filter(|m| m.role == Role::Voter && m.id != me);
        let best = others.max_by_key(|m| m.matched);
        best.ok_or_else(|| MemberError::Refused("there is no other voter".to_owned()))
    }

    fn known(&self, id: CoordinatorId) -> Result<Member, MemberError> {
        let metrics = self.metrics();
        if metrics.replication.is_none() {
            let leader = metrics.current_leader.filter(|id| *id != metrics.id).and_then(|id| member(&metrics, id));
            return Err(MemberError::NotLeader { leader });
        }
        member(&metrics, id.0).ok_or(MemberError::Unknown(id))
    }

    async fn caught_up(&self, id: CoordinatorId) -> Result<(), MemberError> {
        let lag = move |m: &Metrics| {
            let matched = member(m, id.0).and_then(|m| m.matched).unwrap_or(0);
            (matched, m.last_log_index.unwrap_or(0))
        };
        let there = move |m: &Metrics| {
            let (matched, last) = lag(m);
            m.replication.is_none() || matched > 0 && matched + CAUGHT_UP >= last
        };
        match self.raft().wait(Some(CATCH_UP)).metrics(there, "catch up").await {
            Ok(_) => self.known(id).map(drop),
            Err(_) => {
                let (matched, last) = lag(&self.metrics());
                Err(MemberError::Behind { id, matched, last })
            }
        }
    }

    /// Commits one change. Finishes a change first that an earlier leader left half done.
    async fn change(&self, change: ChangeMembers<u64, Node>) -> Result<(), MemberError> {
        self.finish_joint().await?;
        self.committed(self.raft().change_membership(change, false)).await
    }

    /// Finishes a change that an earlier leader left half done: until then two majorities are needed for everything.
    pub(super) async fn finish(&self) -> Result<(), MemberError> {
        let _one_at_a_time = self.changes().lock().await;
        self.finish_joint().await
    }

    async fn finish_joint(&self) -> Result<(), MemberError> {
        if !is_joint(&self.metrics()) {
            return Ok(());
        }
        let nothing = ChangeMembers::AddVoterIds(BTreeSet::new());
        self.committed(self.raft().change_membership(nothing, false)).await
    }

    async fn committed<T>(
        &self,
        change: impl Future<Output = Result<T, RaftError<Types, ClientWriteError<Types>>>>,
    ) -> Result<(), MemberError> {
        let outcome = tokio::time::timeout(self.timing().patience(), Box::pin(change)).await;
        match outcome.map_err(|_| MemberError::Indeterminate)? {
            Ok(_) => Ok(()),
            Err(error) => Err(self.not_changed(error)),
        }
    }

    fn not_changed(&self, error: RaftError<Types, ClientWriteError<Types>>) -> MemberError {
        let metrics = self.metrics();
        match error {
            // The first half of the change may be in the log already.
            RaftError::APIError(ClientWriteError::ForwardToLeader(_)) if is_joint(&metrics) => {
                MemberError::Indeterminate
            }
            RaftError::APIError(ClientWriteError::ForwardToLeader(f)) => {
                MemberError::NotLeader { leader: pointed_to(f, &metrics) }
            }
            RaftError::APIError(ClientWriteError::ChangeMembershipError(e)) => MemberError::Refused(e.to_string()),
            RaftError::APIError(ClientWriteError::PreconditionFailed(e)) => MemberError::Refused(e.to_string()),
            RaftError::APIError(ClientWriteError::LogEntryDiscarded(_)) | RaftError::Fatal(_) => {
                MemberError::Indeterminate
            }
        }
    }

    pub(super) fn metrics(&self) -> Metrics {
        self.raft().metrics().borrow_watched().clone()
    }
}

fn is_joint(metrics: &Metrics) -> bool {
    metrics.membership_config.membership().get_joint_config().len() > 1
}
