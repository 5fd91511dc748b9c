//! Why a command was refused: typed, with what a person can do.

use serde::{Deserialize, Serialize};

/// Why a command was refused. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(tag = "refusal", rename_all = "kebab-case")]
pub enum Refusal {
    /// The mesh exists already.
    #[error("this mesh was founded before; a second `ha-coordinator init` is never right")]
    AlreadyFounded,
    /// There is no mesh yet.
    #[error("this coordinator belongs to no mesh yet: run `ha-coordinator init`")]
    NotFounded,
    /// Somebody else's spec came first.
    #[error(
        "spec {current} was applied by {by} since you looked at spec {base}: look at `hactl spec show`, then apply again"
    )]
    SpecConflict {
        /// What the caller looked at.
        base: u64,
        /// What is current.
        current: u64,
        /// Who applied it.
        by: String,
    },
    /// The change of spec is not allowed.
    #[error("{text}")]
    SpecChange {
        /// Every reason, a line each.
        text: String,
    },
    /// The plan was made from an older state; the planner plans again.
    #[error("the plan was made from revision {base}, now it is {current}")]
    StalePlan {
        /// What the plan was made from.
        base: u64,
        /// What is current.
        current: u64,
    },
    /// The plan breaks a rule.
    #[error("the plan was refused: {text}")]
    UnsafePlan {
        /// Which rule, and how.
        text: String,
    },
    /// No such thing.
    #[error("there is no {what} {name}")]
    NotFound {
        /// What kind of thing.
        what: String,
        /// Its name.
        name: String,
    },
    /// The token does not open anything.
    #[error("{text}")]
    Token {
        /// Unknown, spent, expired, wrong secret, wrong name: and what to do.
        text: String,
    },
    /// The step is not in a state for this.
    #[error("step {step}: {text}")]
    Step {
        /// Which step.
        step: String,
        /// Why.
        text: String,
    },
    /// The same idempotency key came with another command.
    #[error("this request key was used for something else within the last day: use a new one")]
    KeyReused,
    /// A gate of healing is closed, or the decision is not open.
    #[error("{text}")]
    Healing {
        /// Which, with its figures.
        text: String,
    },
    /// The last administrator cannot go.
    #[error("{name} is the last administrator: add another first with `hactl user add NAME --role admin`")]
    LastAdmin {
        /// Who.
        name: String,
    },
}
