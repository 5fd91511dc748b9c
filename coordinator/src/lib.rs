//! ha-coordinator: replicated three ways, it orders the bootstrap of a site and keeps watch over it.
//!
//! | room | for |
//! |---|---|
//! | [`store`] | the replicated log; the only room that knows the consensus library |
//! | [`machine`] | the domain's state, behind the store |
//! | [`mesh`] | a handle on store, keys and hub that every task shares |
//! | [`api`] | wire to domain and back: who may call what, sessions, enrolment, operators |
//! | [`leader`] | when to plan and whom to send to; only while this replica leads |
//! | [`ca`] | signing |
//! | [`share`] | the package for further replicas, kept by every one |
//! | [`founding`] | `init` and `join` |
//! | [`app`] | the composition root |

pub mod api;
pub mod app;
pub mod ca;
pub mod config;
pub mod founding;
pub mod leader;
pub mod machine;
pub mod mesh;
pub mod share;
pub mod store;
pub mod telemetry;
