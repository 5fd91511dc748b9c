//! One act on one machine: what it is ([`Action`]), how far it came ([`Status`]), what it is called ([`StepId`]).
//!
//! Knows no kubeadm flag and no file path: the agent knows how an action is carried out.

mod action;
mod balance;
mod component;
mod credential;
mod data;
mod joget;
mod kubernetes;
mod machine;
mod mesh;
mod status;

pub use action::*;
pub use balance::*;
pub use component::*;
pub use credential::*;
pub use data::*;
pub use joget::*;
pub use kubernetes::*;
pub use machine::*;
pub use mesh::*;
pub use status::*;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::id::{Digest, MachineId, MachineName};

/// `<machine>.<component>.<digest8>.<attempt>`: derived, so that planning again yields the same id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(String);

impl StepId {
    /// The id of the `attempt`-th try (from 1) to bring `component` of `machine` to the parameters with this digest.
    pub fn derive(machine: &MachineName, component: Component, digest: &Digest, attempt: u32) -> Self {
        Self(format!("{machine}.{component}.{}.{attempt}", digest.short()))
    }
    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// One act on one machine, with the reason it was planned for. It is done when the machine's next report shows its
/// component converged to [`Action::digest`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Derived id.
    pub id: StepId,
    /// The enrolled machine that carries it out.
    pub machine: MachineId,
    /// Its name in the spec.
    pub name: MachineName,
    /// What is done.
    pub action: Action,
    /// Which try this is, from 1.
    pub attempt: u32,
    /// How long it may take from the start grant, in milliseconds.
    pub deadline_ms: u64,
    /// Why it is done, for a person: "not installed", "timeout changed", "file drifted".
    pub why: String,
}

impl Step {
    /// The component that this step brings to its wanted state.
    pub fn component(&self) -> Component {
        self.action.component()
    }
}
