//! Heartbeat and election times, as three presets. Knows nothing of who measures them.

use std::time::Duration;

use openraft::{Config, SnapshotPolicy};

/// How fast the network and the disks are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Timing {
    /// One site, and disks that sync within 15 ms (99 of 100 times): a dead leader is replaced within a second.
    #[default]
    Lan,
    /// One site with slow disks (up to 100 ms): about three seconds.
    SlowDisk,
    /// Replicas far apart (round trips up to 100 ms): about five seconds.
    Wan,
}

/// A snapshot is taken after this many entries.
const SNAPSHOT_AFTER: u64 = 5000;
/// Entries kept behind a snapshot, so that a replica that was away for a moment needs no snapshot.
const KEEP_BEHIND: u64 = 1000;

impl Timing {
    /// The time between two heartbeats of the leader.
    pub fn heartbeat(self) -> Duration {
        Duration::from_millis(self.millis().0)
    }

    /// The time without a heartbeat after which, at the latest, a replica wants to be elected; also the leader's lease.
    pub fn election(self) -> Duration {
        Duration::from_millis(self.millis().2)
    }

    /// How long a command may take before its outcome counts as unknown: several elections.
    pub(super) fn patience(self) -> Duration {
        self.election() * 10
    }

    /// Heartbeat, least and greatest election time, in milliseconds.
    fn millis(self) -> (u64, u64, u64) {
        match self {
            Self::Lan => (50, 150, 300),
            Self::SlowDisk => (200, 600, 1200),
            Self::Wan => (300, 1000, 2000),
        }
    }

    pub(super) fn config(self, cluster: &str) -> Config {
        let (heartbeat, least, most) = self.millis();
        Config {
            cluster_name: cluster.to_owned(),
            heartbeat_interval: heartbeat,
            election_timeout_min: least,
            election_timeout_max: most,
            // The deadline of a whole snapshot, however many pieces it has.
            install_snapshot_timeout: 60_000,
            snapshot_policy: SnapshotPolicy::LogsSinceLast(SNAPSHOT_AFTER),
            max_in_snapshot_log_to_keep: KEEP_BEHIND,
            replication_lag_threshold: SNAPSHOT_AFTER * 2,
            purge_batch_size: 256,
            // A replica that comes back is asked again within this time; a refused connection costs next to nothing.
            backoff: "50ms 100ms 200ms ..300ms".to_owned(),
            enable_pre_vote: Some(true),
            // A restarted leader must win an election: only then is it certain that nobody else leads.
            enable_leader_restore: Some(false),
            ..Config::default()
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_preset_is_one_the_library_accepts() {
        for timing in [Timing::Lan, Timing::SlowDisk, Timing::Wan] {
            timing.config("site").validate().unwrap();
        }
    }
}
