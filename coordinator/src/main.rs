//! `ha-coordinator`: init, join, run, status.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
