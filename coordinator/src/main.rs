//! `ha-coordinator`: init, join, run, status, login-string.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
