//! Lists an operator can ask for.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::MachineView;
use crate::id::{MachineId, SecretName, Time, TokenId, UserName};
use crate::plan::Forecast;
use crate::report::Report;
use crate::state::{Role, State, StepRecord, TokenPurpose};
use crate::step::{Action, Status};

/// What only the node that answers knows: its Raft group and the progress of steps.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Beside {
    /// Voters that answer.
    pub voters: usize,
    /// Who leads, for people.
    pub leader: String,
    /// Last line of each running step.
    pub progress: BTreeMap<String, String>,
}

/// A machine with all that is known of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NodeView {
    /// Id, once it has enrolled.
    pub id: Option<MachineId>,
    /// As on the screen.
    pub machine: MachineView,
    /// Its last report.
    pub report: Option<Report>,
}

/// What would be done, and for which spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PlanView {
    /// The site's name.
    pub name: String,
    /// Machines of the spec.
    pub machines: usize,
    /// Machines of the spec that nothing has enrolled as.
    pub not_joined: Vec<String>,
    /// What would be done.
    pub forecast: Forecast,
}

/// A step in the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StepView {
    /// Id.
    pub id: String,
    /// Machine.
    pub machine: String,
    /// What is done, with its parameters.
    pub action: Action,
    /// Why.
    pub why: String,
    /// How far it came.
    pub status: Status,
    /// When it was adopted.
    pub adopted: Time,
    /// When it was granted.
    pub granted: Option<Time>,
    /// Milliseconds from grant to end, once ended.
    pub took_ms: Option<u64>,
}

/// A token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenView {
    /// Id.
    pub id: TokenId,
    /// For whom.
    pub purpose: TokenPurpose,
    /// Uses left.
    pub uses: u32,
    /// Until when.
    pub expires: Time,
}

/// An operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserView {
    /// Who.
    pub name: UserName,
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub at: Time,
}

/// A secret, without its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretView {
    /// Name.
    pub name: SecretName,
    /// When it was set.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// Counts up with each change.
    pub generation: u64,
}

/// Steps in flight, or all that are kept, newest last.
pub fn steps(state: &State, all: bool) -> Vec<StepView> {
    let mut records: Vec<_> = state.journal.values().filter(|r| all || r.status.in_flight()).collect();
    records.sort_by_key(|r| (r.adopted, r.step.id.clone()));
    records.into_iter().map(step).collect()
}

fn step(record: &StepRecord) -> StepView {
    let ended = (!record.status.in_flight()).then(|| record.status.at());
    StepView {
        id: record.step.id.to_string(),
        machine: record.step.name.to_string(),
        action: record.step.action.clone(),
        why: record.step.why.clone(),
        status: record.status.clone(),
        adopted: record.adopted,
        granted: record.granted,
        took_ms: ended.zip(record.granted).map(|(end, start)| end.ms_since(start)),
    }
}

/// Tokens that still open something.
pub fn tokens(state: &State, now: Time) -> Vec<TokenView> {
    let live = state.tokens.iter().filter(|(_, t)| t.uses > 0 && t.expires > now);
    live.map(|(id, t)| TokenView { id: id.clone(), purpose: t.purpose.clone(), uses: t.uses, expires: t.expires })
        .collect()
}

/// Operators.
pub fn users(state: &State) -> Vec<UserView> {
    state.users.iter().map(|(name, u)| UserView { name: name.clone(), role: u.role, at: u.at }).collect()
}

/// Secrets.
pub fn secrets(state: &State) -> Vec<SecretView> {
    let view = |(name, s): (&SecretName, &crate::state::SecretRecord)| SecretView {
        name: name.clone(),
        at: s.at,
        by: s.by.clone(),
        generation: s.generation,
    };
    state.secrets.iter().map(view).collect()
}
