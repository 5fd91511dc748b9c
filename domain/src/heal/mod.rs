//! What is done about ill machines: acts, the gates that each must pass, and why the next one is what it is.
//!
//! Gates look at nothing but the replicated state, so the reducer judges each act again, exactly as the leader did.

mod act;
mod decision;
mod gates;
mod group;
mod ladder;
mod outlook;
mod proposals;
mod spare;

#[cfg(test)]
mod tests;

pub use act::Act;
pub use decision::{Decision, Fate};
pub use gates::{Gate, gates, is_open};
pub use ladder::{Rung, ladder};
pub use outlook::{Outlook, outlooks};
pub use proposals::proposals;
