//! What an agent says of its machine. Sections travel only when they changed, so a report costs what changed.
//!
//! Knows how a machine looks, never whether that is good enough: `health` and `plan` judge.

mod facts;
mod layers;
mod repairs;

pub use facts::*;
pub use layers::*;
pub use repairs::*;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::id::{Digest, Time};
use crate::step::{Component, StepId};

/// Everything an agent says of its machine.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Report {
    /// What hardly changes: names, addresses, sizes, versions.
    pub facts: Facts,
    /// CPU, memory, disk, pressure: rounded, so that they rarely change.
    pub load: Load,
    /// The parts that steps converge, as the agent last looked at them.
    pub components: BTreeMap<Component, ComponentReport>,
    /// Units the agent owns, by name.
    pub units: BTreeMap<String, UnitState>,
    /// Kubernetes on this machine.
    pub kubernetes: Option<KubernetesReport>,
    /// Load balancing on this machine.
    pub balance: Option<BalanceReport>,
    /// The database on this machine.
    pub database: Option<DatabaseReport>,
    /// Steps in the agent's journal that have no end yet.
    pub unfinished: Vec<StepId>,
    /// What the agent repaired by itself, or would not: a component, `unit NAME`, `process NAME`, `file PATH`.
    pub repairs: BTreeMap<String, Repair>,
}

/// One part of a machine.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentReport {
    /// Digest of the action that last brought it to its state ([`crate::step::Action::digest`]).
    pub digest: Digest,
    /// What the last look showed.
    pub state: ComponentState,
    /// When this state began, by the agent's clock.
    pub since: Time,
    /// Findings worth showing or passing on, for example `ca-pin`, `version`, `last-backup`.
    pub facts: BTreeMap<String, String>,
}

/// What a look at a component showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum ComponentState {
    /// As its action wants it.
    Converged,
    /// Not (any more) as its action wants it.
    Drifted {
        /// What differs: "unit haproxy is inactive", "/etc/haproxy/haproxy.cfg was edited".
        what: String,
    },
    /// It could not be looked at: this says nothing about the component.
    Unknown {
        /// Why not.
        why: String,
    },
}

/// A systemd unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnitState {
    /// systemd's active state, for example `active`, `failed`.
    pub active: String,
    /// systemd's sub state, for example `running`.
    pub sub: String,
    /// How often the agent itself started it within the last ten minutes.
    pub restarts: u32,
}

/// The changed sections of a report, as `section name -> JSON value`; a section that is gone is `null`.
pub type ReportDelta = serde_json::Map<String, serde_json::Value>;

impl Report {
    /// The sections in which `self` differs from `old`.
    pub fn delta(&self, old: &Self) -> Result<ReportDelta, serde_json::Error> {
        let (mut new, old) = (sections(self)?, sections(old)?);
        new.retain(|name, value| old.get(name) != Some(value));
        Ok(new)
    }

    /// All sections: what follows a reconnect.
    pub fn full(&self) -> Result<ReportDelta, serde_json::Error> {
        sections(self)
    }

    /// This report with the sections of `delta` replaced. Unknown sections of a newer agent are ignored.
    pub fn merged(&self, delta: ReportDelta) -> Result<Self, serde_json::Error> {
        let mut all = sections(self)?;
        all.extend(delta);
        serde_json::from_value(serde_json::Value::Object(all))
    }

    /// Whether the component was brought to these parameters and still is.
    pub fn converged(&self, component: Component, digest: &Digest) -> bool {
        self.components.get(&component).is_some_and(|c| c.digest == *digest && c.state == ComponentState::Converged)
    }

    /// A fact of a component, whatever its state.
    pub fn fact(&self, component: Component, name: &str) -> Option<&str> {
        self.components.get(&component).and_then(|c| c.facts.get(name)).map(String::as_str)
    }
}

fn sections(report: &Report) -> Result<ReportDelta, serde_json::Error> {
    match serde_json::to_value(report)? {
        serde_json::Value::Object(map) => Ok(map),
        _ => Ok(ReportDelta::new()),
    }
}
