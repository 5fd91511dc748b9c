//! Placeholder until the scenarios below exist.
