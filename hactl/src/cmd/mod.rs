//! One verb a file.

pub(crate) mod apply;
pub(crate) mod login;
pub(crate) mod status;
