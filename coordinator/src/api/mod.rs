//! Wire to domain and back: who may call what, relayed calls, sessions, enrolment, operators. Knows no rules.

pub mod admission;
pub mod agents;
pub mod authorise;
pub mod control;
pub mod enrolment;
pub mod relay;
pub mod reply;
pub mod roles;
pub mod session;
