//! A whole mesh, as it is on a site but for the machines: real coordinators and agents, mutual TLS, Raft, on simulated machines.
//!
//! Most tests look at one site that was built once. What damages a site builds its own.

// A test is one future that holds those of a whole mesh.
#![recursion_limit = "256"]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on must fail")]

mod applying;
mod bootstrap;
mod canary;
mod crashes;
mod granting;
mod identity;
mod joining;
mod other;
mod relaying;
mod roles;
mod shared;
