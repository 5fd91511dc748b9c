//! `ha-sandbox`: a whole mesh on loopback in one process, on simulated machines; no root, no containers.
//!
//! Called as `hactl`, it is `hactl`: the sandbox puts such a link into its folder.

mod cli;
mod fan_out;
mod home;
mod run;

use std::process::ExitCode;

fn main() -> ExitCode {
    if home::is_called_hactl() { hactl::main() } else { cli::main() }
}
