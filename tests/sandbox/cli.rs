//! The command line of `ha-sandbox`.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{Parser, Subcommand, ValueEnum};
use ha_coordinator::store::Timing;

use crate::{fan_out, run};

/// A whole mesh in one process: real coordinators and agents over mutual TLS and Raft on loopback, on simulated machines.
#[derive(Parser)]
#[command(
    version,
    about,
    args_conflicts_with_subcommands = true,
    after_help = "Examples:
  ha-sandbox                        nine machines, built in seconds; Ctrl-C ends it
  ha-sandbox --no-apply             the same mesh, and you apply
  ha-sandbox --spec cluster.yaml    your own site, its addresses moved to loopback
  ha-sandbox fan-out --agents 1000  what many agents cost"
)]
struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    args: Args,
}

#[derive(Subcommand)]
enum Verb {
    /// Measures one no-op action to many agents and back, and what they cost.
    FanOut(fan_out::Args),
    /// The agents of `fan-out`, a process of their own.
    #[command(hide = true)]
    Agents(fan_out::CrowdArgs),
}

/// What a sandbox takes.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The site; left out, nine machines.
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// How many agents there are; those beyond the machines of the spec wait for a place in it.
    #[arg(long, value_name = "N")]
    pub(crate) agents: Option<usize>,
    /// Folder for certificates, logs and the replicated log, kept afterwards; left out, a temporary one.
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
    /// Applies nothing.
    #[arg(long)]
    pub(crate) no_apply: bool,
    /// Ends when the site is as the spec wants it.
    #[arg(long, conflicts_with = "no_apply")]
    pub(crate) once: bool,
    /// Raft's timing.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) timing: Preset,
}

/// Raft's timing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Preset {
    /// As on a site.
    #[default]
    Lan,
    /// For a disk or a machine that is busy.
    SlowDisk,
    /// For a machine that hardly gets to it.
    Wan,
}

impl From<Preset> for Timing {
    fn from(preset: Preset) -> Self {
        match preset {
            Preset::Lan => Self::Lan,
            Preset::SlowDisk => Self::SlowDisk,
            Preset::Wan => Self::Wan,
        }
    }
}

impl Cli {
    async fn run(self) -> anyhow::Result<()> {
        match self.verb {
            None => run::run(self.args).await,
            Some(Verb::FanOut(args)) => fan_out::run(args).await,
            Some(Verb::Agents(args)) => fan_out::serve(args).await,
        }
    }
}

pub(crate) fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    match runtime.context("start the runtime").and_then(|runtime| runtime.block_on(cli.run())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ha-sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}
