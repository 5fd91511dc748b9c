//! Who leads, as a value that can be watched. Knows nothing of what a leader does.

use std::time::Duration;

use openraft::Instant as _;
use openraft::async_runtime::watch::WatchReceiver as _;
use tokio::sync::watch;

use super::Metrics;
use super::members::{Member, member};
use super::timing::Timing;
use super::types::Types;

/// Who leads, seen from this replica. A belief, not a proof: only a committed command proves that this replica led.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Leadership {
    /// The leader, if one is known. None while voters are silent.
    pub leader: Option<Member>,
    /// Whether it is this replica.
    pub is_me: bool,
    /// The newest term seen. For people: two leaders may share a term.
    pub term: u64,
    /// Whether this replica leads and has applied all that was committed before it did: its state may be acted on.
    pub ready: bool,
}

/// What to watch for.
pub(super) struct Watcher {
    pub(super) metrics: openraft::alias::WatchReceiverOf<Types, Metrics>,
    pub(super) timing: Timing,
    pub(super) told: watch::Sender<Leadership>,
}

impl Watcher {
    /// Publishes every change until consensus stops.
    pub(super) async fn run(mut self) {
        loop {
            let seen = self.metrics.borrow_watched().clone();
            let now = judge(&seen, self.timing);
            self.told.send_if_modified(|told| {
                let changed = *told != now;
                *told = now;
                changed
            });
            // A leader that hears nothing gets no event either: look again after a while.
            let changed = tokio::time::timeout(self.timing.election() / 2, self.metrics.changed()).await;
            if seen.running_state.is_err() || matches!(changed, Ok(Err(_))) {
                break;
            }
        }
        self.told.send_replace(Leadership::default());
    }
}

fn judge(seen: &Metrics, timing: Timing) -> Leadership {
    let term = seen.current_term;
    let leader = seen.current_leader.filter(|id| *id != seen.id || holds_quorum(seen, timing.election() * 2));
    let Some(id) = leader.filter(|_| seen.running_state.is_ok()) else {
        return Leadership { term, ..Leadership::default() };
    };
    let is_me = id == seen.id;
    let own_entry_applied = seen.last_applied.is_some_and(|last| {
        let leads = seen.vote.leader_id;
        (last.leader_id.term, last.leader_id.node_id) == (leads.term, leads.node_id)
    });
    // `matched` moves with every entry; who leads does not.
    let leader = member(seen, id).map(|m| Member { matched: None, ..m });
    Leadership { leader, is_me, term, ready: is_me && own_entry_applied }
}

/// Whether a majority answered this leader lately. A lone voter is its own majority.
fn holds_quorum(seen: &Metrics, lately: Duration) -> bool {
    let alone = seen.membership_config.voter_ids().all(|voter| voter == seen.id);
    alone || seen.last_quorum_acked.is_some_and(|at| at.into_inner().elapsed() < lately)
}
