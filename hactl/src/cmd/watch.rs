//! `hactl watch`: the live view of whatever is under way.

use std::time::Duration;

use crate::cli::Cli;
use crate::client::Client;
use crate::exit::Done;
use crate::live::{self, Before, Goal, Until};
use crate::span;

/// What `watch` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hactl watch
  hactl watch --follow
  hactl watch --timeout 10m")]
pub(crate) struct Args {
    /// Goes on when the site is as wanted, until Ctrl-C.
    #[arg(long)]
    follow: bool,
    /// How long to watch: 90s, 10m, 1h.
    #[arg(long, value_parser = span::parse, default_value = "1h", value_name = "TIME")]
    timeout: Duration,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let before = Before::now(&client).await?;
    let until = if args.follow { Until::Stopped } else { Until::AsWanted };
    live::show(cli, &client, Goal { generation: 0, limit: args.timeout, until }, before).await?;
    let _ = client.learn().await;
    Ok(())
}
