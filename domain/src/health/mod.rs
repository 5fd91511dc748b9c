//! How a machine is, judged from when it last spoke and from what others see of it. Silence alone moves nothing.

mod judge;
mod peers;
mod transitions;

pub use judge::{Judgement, judge};
pub use peers::{Question, questions};
pub use transitions::{Transition, transitions};

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{MachineName, Time};

/// Milliseconds of silence after which a machine is suspect.
pub const SUSPECT_MS: u64 = 4_000;
/// Milliseconds of silence after which it counts as unreachable, and as dead where others say so too.
pub const SILENT_MS: u64 = 12_000;
/// Milliseconds for which what a peer saw counts.
pub const FRESH_MS: u64 = 6_000;

/// Milliseconds for which a peer must not have reached a machine before that counts: one lost answer is none.
pub const CONFIRM_MS: u64 = 6_000;

/// Milliseconds for which a new leader listens before it lets anything be done about a machine: by then it knows who is silent.
pub const WARM_MS: u64 = 15_000;

/// How a machine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// It speaks.
    Healthy,
    /// Silent for some seconds: others are asked, nothing is done.
    Suspect,
    /// Silent for longer, and nobody confirms that it is gone; or others see it, so that only its agent is.
    Unreachable,
    /// Silent, and another machine does not reach it either.
    Dead,
}

impl Condition {
    /// One word for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Suspect => "Suspect",
            Self::Unreachable => "Unreachable",
            Self::Dead => "Dead",
        }
    }
}

/// What a peer saw of a machine when it was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sighting {
    /// When its last answer came.
    pub at: Time,
    /// Since when its answers have been the same.
    pub since: Time,
    /// It answered, or refused: a machine that is off does neither.
    pub reachable: bool,
    /// In the peer's words.
    pub detail: String,
}

/// What peers saw of a machine, by the peer's name.
pub type Sightings = BTreeMap<MachineName, Sighting>;

/// Takes in a peer's answer at `at`.
pub fn sighted(all: &mut Sightings, peer: MachineName, (reachable, detail): (bool, String), at: Time) {
    let same = all.get(&peer).filter(|last| last.reachable == reachable && at.ms_since(last.at) <= FRESH_MS);
    let since = same.map_or(at, |last| last.since);
    all.insert(peer, Sighting { at, since, reachable, detail });
}
