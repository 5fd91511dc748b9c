//! hactl: one operator, one command. `cmd` holds a verb a file, `render` how things look; rules are `ha_domain`'s.

mod cli;
mod client;
mod cmd;
mod context;
mod exit;
mod render;

pub use cli::{Cli, main};
