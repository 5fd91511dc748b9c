//! Tests of ha-transport over real sockets on loopback. One binary: it links once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should fail")]

mod authority;
mod credentials;
mod echo;
mod enrolment;
mod forged;
mod limits;
mod mutual;
mod revocation;
mod server;
mod site;
mod strings;
