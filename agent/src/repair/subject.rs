//! What can be repaired, and how it is called in the report and in the budget.

use std::fmt;

use ha_domain::step::Component;

/// One thing on this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Subject {
    /// What a step brought about.
    Component(Component),
    /// A unit that the agent owns.
    Unit(String),
    /// A process of a static pod.
    Process(&'static str),
    /// A file that kubeadm made.
    File(&'static str),
}

impl Subject {
    /// The component that is in between two states meanwhile.
    pub(super) fn component(&self) -> Option<Component> {
        match self {
            Self::Component(component) => Some(*component),
            Self::Unit(_) | Self::Process(_) | Self::File(_) => None,
        }
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Component(component) => write!(f, "{component}"),
            Self::Unit(name) => write!(f, "unit {name}"),
            Self::Process(name) => write!(f, "process {name}"),
            Self::File(path) => write!(f, "file {path}"),
        }
    }
}
