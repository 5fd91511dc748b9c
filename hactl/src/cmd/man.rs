//! `hactl man`: the manual pages, for the package.

use std::path::PathBuf;

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::{Done, Failure};

/// What `man` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hactl man target/man")]
pub(crate) struct Args {
    /// The folder to write them into; it is made where it is missing.
    folder: PathBuf,
}

pub(crate) fn run(args: &Args) -> Done {
    let failed = |e| Failure::doing(&format!("write the manual pages into {}", args.folder.display()), e);
    std::fs::create_dir_all(&args.folder).map_err(failed)?;
    clap_mangen::generate_to(Cli::command(), &args.folder).map_err(failed)
}
