//! What is replicated, and the one function that changes it.
//!
//! [`State::apply`] is total and deterministic: it takes time from the entry, and a refused command changes nothing.
//! Reports, heartbeats, logs and metrics are not here: they are volatile, on the node that receives them.

mod apply;
mod command;
mod event;
mod fleet;
mod healing;
mod health;
mod incident;
mod journal;
mod people;
mod refusal;
mod retirement;
mod site;

pub use command::*;
pub use event::*;
pub use fleet::*;
pub use healing::*;
pub use health::*;
pub use incident::*;
pub use journal::*;
pub use people::*;
pub use refusal::*;
pub use site::*;

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::id::{CoordinatorId, Digest, MachineId, SecretName, Time, TokenId, UserName};
use crate::step::StepId;

/// Version of the stored format. It only grows; old snapshots stay readable (golden files).
pub const FORMAT: u32 = 1;

/// How many events are kept.
const EVENTS_KEPT: usize = 4096;
/// How long the reply to an idempotency key is kept, in milliseconds: a day.
const REPLIES_KEPT_MS: u64 = 24 * 3600 * 1000;

/// Everything that is replicated.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct State {
    /// Format version.
    pub format: u32,
    /// Log index of the last entry applied.
    pub index: u64,
    /// Counts changes of anything a plan is made from: the base of a plan.
    pub revision: u64,
    /// The mesh's identity; absent before `init`.
    pub mesh: Option<Mesh>,
    /// What is wanted.
    pub spec: Option<SpecRecord>,
    /// Generations before the current one, newest last.
    pub history: Vec<SpecNote>,
    /// Enrolled machines.
    pub machines: BTreeMap<MachineId, MachineRecord>,
    /// Coordinator replicas.
    pub coordinators: BTreeMap<CoordinatorId, CoordinatorRecord>,
    /// Join and login tokens.
    pub tokens: BTreeMap<TokenId, TokenRecord>,
    /// Certificates that count.
    pub certificates: BTreeMap<Digest, CertificateRecord>,
    /// Operators.
    pub users: BTreeMap<UserName, UserRecord>,
    /// Sealed secrets.
    pub secrets: BTreeMap<SecretName, SecretRecord>,
    /// Steps in flight or done.
    pub journal: BTreeMap<StepId, StepRecord>,
    /// How machines are that ever fell; a machine without an entry is well.
    pub health: BTreeMap<MachineId, HealthRecord>,
    /// What was decided about ill machines.
    pub healing: HealingState,
    /// What happened, oldest first.
    pub events: VecDeque<Event>,
    /// Replies to mutating calls by idempotency key.
    pub replies: BTreeMap<String, KeptReply>,
    /// Head of the hash chain over all entries.
    pub audit: Option<Digest>,
}

impl State {
    /// Applies the entry at `index`. `raw` is the entry as stored, for the hash chain.
    pub fn apply(&mut self, index: u64, entry: &Entry, raw: &[u8]) -> Outcome {
        self.index = index;
        self.format = FORMAT;
        let head = self.audit.as_ref().map_or(String::new(), ToString::to_string);
        self.audit = Some(Digest::of(&[head.as_bytes(), raw].concat()));
        if let Some(kept) = entry.key.as_ref().and_then(|k| self.replies.get(k)) {
            return kept.answer(&entry.command);
        }
        let outcome = apply::apply(self, index, entry);
        self.keep_reply(entry, &outcome);
        outcome
    }

    fn keep_reply(&mut self, entry: &Entry, outcome: &Outcome) {
        self.replies.retain(|_, kept| entry.at.ms_since(kept.at) < REPLIES_KEPT_MS);
        if let (Some(key), Ok(reply)) = (&entry.key, outcome) {
            let request = entry.command.digest();
            self.replies.insert(key.clone(), KeptReply { at: entry.at, request, reply: reply.clone() });
        }
    }

    /// Notes what happened.
    pub(crate) fn note(&mut self, at: Time, by: &str, kind: EventKind, text: String) {
        let seq = self.events.back().map_or(1, |e| e.seq + 1);
        self.events.push_back(Event { seq, at, by: by.to_owned(), kind, text });
        while self.events.len() > EVENTS_KEPT {
            self.events.pop_front();
        }
    }
}

/// The reply that a mutating call got, kept for its repetition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct KeptReply {
    /// When.
    pub at: Time,
    /// Digest of the command, so that the same key with another command is noticed.
    pub request: Digest,
    /// The first reply.
    pub reply: Reply,
}

impl KeptReply {
    fn answer(&self, command: &Command) -> Outcome {
        if self.request == command.digest() { Ok(self.reply.clone()) } else { Err(Refusal::KeyReused) }
    }
}

#[cfg(test)]
mod tests;
