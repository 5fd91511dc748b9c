//! The store as a cluster: real replicas, each with its own runtime or process, real sockets on loopback, real files.
//! Certificates are left out; that the peers are who they say is the transport's affair.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking, also outside its own function")]

mod cluster;
mod failover;
mod latency;
mod machine;
mod membership;
mod process;
mod replication;
mod restart;
