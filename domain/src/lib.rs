//! ha-domain: the words, the rules, the replicated state and the planner. Pure: no async, clock, randomness, disk or socket.
//!
//! Reading order: [`id`], [`spec`] (what is wanted), [`catalog`] (what can be installed), [`report`] (what an agent says),
//! [`step`] (one act on one machine), [`state`] (what is replicated), [`plan`] (what is proposed), [`health`] (how machines
//! are), [`heal`] (what is done about it), [`whatif`] (what a loss breaks)

pub mod catalog;
pub mod heal;
pub mod health;
pub mod id;
pub mod plan;
pub mod report;
pub mod spec;
pub mod state;
pub mod step;
pub mod view;
pub mod whatif;
