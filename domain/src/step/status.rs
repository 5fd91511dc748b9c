//! How far a step came: one total table.

use serde::{Deserialize, Serialize};

use crate::id::Time;

/// Where a step stands. `Confirmed`, `Failed`, `Expired` and `Cancelled` are final.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Status {
    /// In a committed plan; nobody has started it.
    Adopted {
        /// When.
        at: Time,
    },
    /// The agent may have started: from here "maybe running" is the truth.
    Granted {
        /// When.
        at: Time,
    },
    /// The agent says it worked; its report has not shown it yet.
    Succeeded {
        /// When.
        at: Time,
    },
    /// A report has shown the effect.
    Confirmed {
        /// When.
        at: Time,
    },
    /// The agent says why it did not work.
    Failed {
        /// When.
        at: Time,
        /// What went wrong and what to do, for a person.
        error: String,
    },
    /// No word from the agent by the deadline.
    Expired {
        /// When.
        at: Time,
    },
    /// Withdrawn before its start.
    Cancelled {
        /// When.
        at: Time,
    },
}

/// What happens to a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepEvent {
    /// The leader lets the agent start (asked again after a crash: still granted).
    Grant,
    /// The agent reports success.
    Succeed,
    /// The agent reports failure.
    Fail(String),
    /// The report shows the effect.
    Confirm,
    /// The deadline passed.
    Expire,
    /// The wish changed before the start.
    Cancel,
}

/// The event does not fit the step's state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a step that is {from} cannot {event}")]
pub struct IllegalStepEvent {
    /// The state it is in.
    pub from: &'static str,
    /// The refused event.
    pub event: &'static str,
}

impl Status {
    /// The state after `event` at `at`.
    pub fn next(&self, event: &StepEvent, at: Time) -> Result<Self, IllegalStepEvent> {
        use {Status as S, StepEvent as E};
        match (self, event) {
            (S::Adopted { .. } | S::Granted { .. }, E::Grant) => Ok(S::Granted { at }),
            (S::Granted { .. } | S::Expired { .. }, E::Succeed) => Ok(S::Succeeded { at }),
            (S::Granted { .. } | S::Expired { .. }, E::Fail(error)) => Ok(S::Failed { at, error: error.clone() }),
            (S::Granted { .. } | S::Succeeded { .. } | S::Expired { .. }, E::Confirm) => Ok(S::Confirmed { at }),
            (S::Granted { .. } | S::Succeeded { .. }, E::Expire) => Ok(S::Expired { at }),
            (S::Adopted { .. }, E::Cancel) => Ok(S::Cancelled { at }),
            (from, event) => Err(IllegalStepEvent { from: from.word(), event: event.word() }),
        }
    }

    /// Adopted, granted or waiting for its report: the component must not be planned again meanwhile.
    pub fn in_flight(&self) -> bool {
        matches!(self, Self::Adopted { .. } | Self::Granted { .. } | Self::Succeeded { .. })
    }

    /// When the step came to this state.
    pub fn at(&self) -> Time {
        match self {
            Self::Adopted { at }
            | Self::Granted { at }
            | Self::Succeeded { at }
            | Self::Confirmed { at }
            | Self::Failed { at, .. }
            | Self::Expired { at }
            | Self::Cancelled { at } => *at,
        }
    }

    /// One word for screens.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Adopted { .. } => "adopted",
            Self::Granted { .. } => "running",
            Self::Succeeded { .. } => "succeeded",
            Self::Confirmed { .. } => "confirmed",
            Self::Failed { .. } => "failed",
            Self::Expired { .. } => "expired",
            Self::Cancelled { .. } => "cancelled",
        }
    }
}

impl StepEvent {
    /// One word for messages.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Grant => "start",
            Self::Succeed => "succeed",
            Self::Fail(_) => "fail",
            Self::Confirm => "be confirmed",
            Self::Expire => "expire",
            Self::Cancel => "be cancelled",
        }
    }
}
