//! `hactl version`: of this program and of the coordinators.

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::context::current;
use crate::exit::Done;
use crate::render::clean::line;
use crate::render::data;
use crate::voice::Voice;

/// What `version` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hactl version
  hactl version --client")]
pub(crate) struct Args {
    /// Asks no coordinator.
    #[arg(long)]
    client: bool,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let own = env!("CARGO_PKG_VERSION");
    let logged_in = cli.context.is_some() || current().is_some();
    let reply =
        if args.client || !logged_in { None } else { Some(Client::open(cli.context.as_deref()).await?.learn().await?) };
    let document = serde_json::json!({
        "hactl": own,
        "coordinator": reply.as_ref().map(|r| line(&r.coordinator)),
        "leader": reply.as_ref().map(|r| line(&r.leader)),
    });
    Voice::Out.say(&match (data::text(cli.output, &document)?, reply) {
        (Some(document), _) => document,
        (None, _) if cli.output == Output::Name => format!("{own}\n"),
        (None, Some(reply)) => {
            format!("hactl        {own}\ncoordinator  {} (leader {})\n", line(&reply.coordinator), line(&reply.leader))
        }
        (None, None) if args.client => format!("hactl        {own}\n"),
        (None, None) => format!("hactl        {own}\ncoordinator  not logged in\n"),
    });
    Ok(())
}
