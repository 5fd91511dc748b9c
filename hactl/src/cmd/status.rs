//! `hactl status`: the site on one screen.

use futures_util::future::join;
use ha_domain::view::SiteStatus;
use ha_proto::v1::StatusRequest;

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::exit::Done;
use crate::render::paint::Paint;
use crate::render::{data, status};
use crate::voice::Voice;

/// What `status` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hactl status
  hactl status -o json")]
pub(crate) struct Args {}

pub(crate) async fn run(cli: &Cli, _: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let screen = client.document(async |mut c| c.status(StatusRequest {}).await);
    let (screen, _) = join(screen, client.learn()).await;
    let screen: SiteStatus = screen?;
    Voice::Out.say(&match data::text(cli.output, &screen)? {
        Some(document) => document,
        None if cli.output == Output::Name => format!("{}\n", screen.name),
        None => status::screen(&screen, Paint::for_output()),
    });
    Ok(())
}
