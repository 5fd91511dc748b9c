//! What an operator sees, computed from what is replicated and what agents last said. Words and numbers; no layout.

mod healing;
mod incidents;
mod layers;
mod lists;
mod machines;

pub use healing::{HealingView, healing};
pub use incidents::{IncidentView, incidents};
pub use lists::{Beside, NodeView, PlanView, SecretView, StepView, TokenView, UserView, secrets, steps, tokens, users};
pub use machines::{MachineState, machine_state, nodes};

use serde::{Deserialize, Serialize};

use crate::id::{MachineName, Time};
use crate::plan::{Input, PlanReport};
use crate::report::Load;
use crate::spec::Role;

/// The site on one screen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct SiteStatus {
    /// The site's name; empty before the first spec.
    pub name: String,
    /// Worst state of its layers.
    pub health: Health,
    /// Spec generation, when and by whom it was applied.
    pub spec: Option<SpecView>,
    /// Layers from the mesh up to the application.
    pub layers: Vec<Layer>,
    /// Machines in the spec's order, then those the spec does not name.
    pub machines: Vec<MachineView>,
    /// Where every concern stands.
    pub plan: PlanReport,
    /// Steps under way, with their last line of progress.
    pub running: Vec<RunningStep>,
    /// What the loss of one machine would cost: "any 1 machine except db1".
    pub tolerates: String,
    /// Healing in a few words: how it is set, what it did, what it waits for.
    pub healing: Vec<String>,
    /// The leader's clock when this was computed.
    pub now: Time,
}

/// How well a thing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Health {
    /// As wanted.
    Healthy,
    /// Being built.
    Building,
    /// Not known.
    #[default]
    Unknown,
    /// It serves, with less redundancy than wanted.
    Degraded,
    /// It does not serve.
    Failed,
}

impl Health {
    /// One word for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Building => "Building",
            Self::Unknown => "Unknown",
            Self::Degraded => "Degraded",
            Self::Failed => "Failed",
        }
    }
}

/// The spec in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpecView {
    /// Counts up with each change.
    pub generation: u64,
    /// When it was applied.
    pub at: Time,
    /// By whom.
    pub by: String,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Layer {
    /// Its name.
    pub name: String,
    /// How well it is.
    pub health: Health,
    /// For a person: numbers, owners, reasons.
    pub detail: String,
}

/// One machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct MachineView {
    /// Name in the spec, or the host name of a machine the spec does not name.
    pub name: String,
    /// Role in the spec.
    pub role: Option<Role>,
    /// Where it stands.
    pub state: MachineState,
    /// Milliseconds since it was last heard; absent when never on this leader.
    pub seen_ms: Option<u64>,
    /// How busy it is.
    pub load: Option<Load>,
    /// For a person.
    pub note: String,
}

/// A step under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RunningStep {
    /// Its id.
    pub id: String,
    /// On which machine.
    pub machine: MachineName,
    /// What it converges.
    pub component: String,
    /// Milliseconds since its start was granted; 0 before.
    pub ms: u64,
    /// What it does now.
    pub line: String,
}

/// Computes the screen.
pub fn site_status(input: &Input<'_>, report: PlanReport, beside: &Beside) -> SiteStatus {
    let layers = layers::layers(input, &report, beside);
    let health = layers.iter().map(|l| l.health).max().unwrap_or_default();
    let record = input.state.spec.as_ref();
    SiteStatus {
        name: record.map_or(String::new(), |r| r.spec.name.to_string()),
        health,
        spec: record.map(|r| SpecView { generation: r.generation, at: r.at, by: r.by.clone() }),
        layers,
        machines: machines::machines(input),
        running: machines::running(input, beside),
        tolerates: record.map_or(String::new(), |r| machines::tolerates(&r.spec)),
        healing: healing::lines(input.state, input.now),
        plan: report,
        now: input.now,
    }
}
