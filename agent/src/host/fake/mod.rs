//! Simulated machines in one simulated network, so that whole sites can be built, broken and healed in memory.
//!
//! They know the programs, units, packages and network answers that actions use, and no more; what they do not know is an
//! error that names it. The suite in [`conformance`](super::conformance) keeps them true to Linux.

mod apply;
mod cluster;
mod coordinators;
mod database;
mod distribution;
mod faults;
mod files;
mod joget;
mod leaks;
mod machine;
mod network;
mod processes;
mod programs;
mod state;
mod unit_files;
mod units;
mod world;

#[cfg(test)]
mod tests;

pub use coordinators::Coordinators;
pub use machine::{Cable, SimulatedMachine};
pub use world::World;
