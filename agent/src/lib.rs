//! ha-agent: carries out typed actions on one machine and reports how it looks. The only root program of the product.
//!
//! Decides nothing: what is to be done comes from the coordinator, what it means is `ha_domain`.

pub mod app;
pub mod config;
mod copies;
pub mod endpoints;
pub mod enrol;
pub mod execute;
pub mod host;
pub mod journal;
pub mod leave;
pub mod ledger;
pub mod logs;
pub mod machine;
pub mod observe;
mod repair;
mod schedule;
pub mod session;
pub mod sight;
pub mod steps;
pub mod wanted;
