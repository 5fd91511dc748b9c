//! A whole mesh in one process: real coordinators and real agents, with mutual TLS and Raft on loopback, on simulated machines.
//!
//! | file | for |
//! |---|---|
//! | [`process`] | a program as a thread with a runtime of its own, which can be killed |
//! | [`network`] | addresses of 127.0.0.0/8 that nobody else uses |
//! | [`specs`] | the document, moved to those addresses |
//! | [`coordinator`], [`replicas`] | coordinators, and how simulated machines come to run them |
//! | [`agent`] | an agent on a simulated machine |
//! | [`operator`] | somebody with a certificate who calls a coordinator |
//! | [`site`] | all of it, put together |
//! | [`until`] | waiting for a condition |
//! | [`measure`], [`fan_out`] | what many agents cost |
//!
//! Knows nothing of what is tested.

pub mod agent;
pub mod coordinator;
pub mod fan_out;
pub mod measure;
pub mod network;
pub mod operator;
pub mod process;
pub mod replicas;
pub mod site;
pub mod specs;
pub mod until;
