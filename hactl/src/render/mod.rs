//! How things look: tables for people, data for programs. Asks nobody.

pub(crate) mod data;
pub(crate) mod status;
