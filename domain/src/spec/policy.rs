//! The `policy` section: what may happen by itself, how often and when. Decides nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{Period, TimeOfDay};
use crate::id::SecretName;

/// What may happen by itself, how often and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Policy {
    /// Whether illness is treated without a person.
    pub healing: Healing,
    /// How long a dead machine may return before another takes its place.
    pub remove_after: Period,
    /// How often something disruptive may happen.
    pub budgets: Budgets,
    /// How long an act that cannot be taken back is announced before it is carried out: `hactl heal veto` stops it.
    pub veto_window: Period,
    /// When disruptive changes may happen; empty means at any time. Healing does not wait for a window.
    pub windows: Vec<Window>,
    /// How a machine is proven stopped before its place is taken.
    pub fencing: Fencing,
}

/// Whether illness is treated without a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Healing {
    /// Acts within the budgets.
    Auto,
    /// Does what can be taken back; what cannot, it suggests and waits for `hactl heal approve`.
    #[default]
    Suggest,
    /// Records what it would have done.
    Shadow,
    /// Does nothing.
    Off,
}

impl Healing {
    /// The word in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Suggest => "suggest",
            Self::Shadow => "shadow",
            Self::Off => "off",
        }
    }
}

/// How often something disruptive may happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Budgets {
    /// Acts in one hour.
    pub per_hour: u32,
    /// Acts in one day.
    pub per_day: u32,
    /// Quiet time after an act on the same machine.
    pub cool_down: Period,
    /// Share of ill machines, in percent, from which on nothing is done but to tell a person.
    pub storm_percent: u8,
}

/// A span of time each week; one that ends before it begins reaches into the next day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Window {
    /// The days it begins on; left out, every day.
    #[serde(default)]
    pub days: Vec<Day>,
    /// When it begins.
    pub from: TimeOfDay,
    /// When it ends.
    pub to: TimeOfDay,
}

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Day {
    Mon,
    Tue,
    Wed,
    Thu,
    Fri,
    Sat,
    Sun,
}

/// How a machine is proven stopped before its place is taken.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Fencing {
    /// The way.
    pub kind: FencingKind,
    /// The secret its credentials are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<SecretName>,
}

/// A way to prove a machine stopped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FencingKind {
    /// The agent stops its singletons when it loses a confirmed leader; others wait longer than that.
    #[default]
    Lease,
    /// A person says so.
    Manual,
}
