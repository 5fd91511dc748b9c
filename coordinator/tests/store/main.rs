//! The store as a cluster: real replicas, each with its own runtime or process, real sockets on loopback, real files.
//! Certificates are left out; that the peers are who they say is the transport's affair.

mod cluster;
mod failover;
mod latency;
mod machine;
mod membership;
mod process;
mod replication;
mod restart;
