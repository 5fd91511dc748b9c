//! The command line of `hactl`.

use std::process::ExitCode;

use clap::{Parser, Subcommand, ValueEnum};

use crate::cmd;
use crate::exit::{Done, Failure};

/// How verbs print.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub(crate) enum Output {
    /// For people.
    #[default]
    Table,
    /// For programs.
    Json,
    /// For programs and people.
    Yaml,
}

/// The operator's command of an ha-mesh site.
#[derive(Debug, Parser)]
#[command(name = "hactl", version, about, propagate_version = true)]
#[command(after_help = "Examples:\n  hactl login hal1.xxxx\n  hactl apply -f cluster.yaml\n  hactl status\n\nExit codes: 0 done, 1 failed, 2 refused input, 3 not permitted, 4 no coordinator reachable, 5 timed out while still running, 6 conflict.")]
pub struct Cli {
    /// How to print.
    #[arg(short, long, global = true, value_enum, default_value_t)]
    pub(crate) output: Output,
    /// Which login to use; left out, the current one.
    #[arg(long, global = true, env = "HACTL_CONTEXT")]
    pub(crate) context: Option<String>,
    #[command(subcommand)]
    pub(crate) verb: Verb,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Logs in with a login string.
    Login(cmd::login::Args),
    /// Brings about what a spec says.
    Apply(cmd::apply::Args),
    /// Shows the site on one screen.
    Status(cmd::status::Args),
}

impl Cli {
    async fn run(self) -> Done {
        match &self.verb {
            Verb::Login(args) => cmd::login::run(&self, args).await,
            Verb::Apply(args) => cmd::apply::run(&self, args).await,
            Verb::Status(args) => cmd::status::run(&self, args).await,
        }
    }
}

/// Parses the command line, runs the verb, says what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = match runtime {
        Ok(runtime) => runtime.block_on(cli.run()),
        Err(error) => Err(Failure::Failed(format!("start the runtime: {error}"))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("hactl: {failure}");
            ExitCode::from(failure.code())
        }
    }
}
