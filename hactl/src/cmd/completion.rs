//! `hactl completion`: what a shell needs to complete our words.

use clap::CommandFactory as _;

use crate::cli::Cli;
use crate::exit::Done;
use crate::voice::Voice;

/// What `completion` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hactl completion bash > /etc/bash_completion.d/hactl
  source <(hactl completion zsh)")]
pub(crate) struct Args {
    /// Which shell.
    shell: clap_complete::Shell,
}

pub(crate) fn run(args: &Args) -> Done {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "hactl", &mut text);
    Voice::Out.say(&String::from_utf8_lossy(&text));
    Ok(())
}
