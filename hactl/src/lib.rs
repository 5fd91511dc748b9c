//! hactl: one operator, one command. `cmd` holds a verb a file, `render` how things look, `live` the view of work in progress;
//! rules are `ha_domain`'s.

mod ask;
mod cli;
mod client;
mod cmd;
mod context;
mod critical;
mod exit;
mod fetch;
mod live;
mod render;
mod renewal;
mod span;
mod voice;
mod wanted;

pub use cli::{Cli, main};
