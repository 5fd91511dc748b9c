//! How things look: tables for people, data for programs. Asks nobody.

pub(crate) mod action;
pub(crate) mod clean;
pub(crate) mod data;
#[cfg(test)]
pub(crate) mod golden;
pub(crate) mod heal;
pub(crate) mod incident;
pub(crate) mod list;
pub(crate) mod names;
pub(crate) mod node;
pub(crate) mod paint;
pub(crate) mod plan;
pub(crate) mod reasons;
pub(crate) mod status;
pub(crate) mod summary;
pub(crate) mod text;
pub(crate) mod whatif;
