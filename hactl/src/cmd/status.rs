//! `hactl status`: the site on one screen.

use ha_domain::view::SiteStatus;
use ha_proto::v1::StatusRequest;

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::context::Context;
use crate::exit::{Done, Failure};
use crate::render;

/// What `status` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) async fn run(cli: &Cli, _: &Args) -> Done {
    let client = Client::of(&Context::find(cli.context.as_deref())?)?;
    let reply = client.call(async |mut c| c.status(StatusRequest {}).await).await?;
    let status: SiteStatus = serde_json::from_slice(&reply.json).map_err(|e| Failure::Failed(e.to_string()))?;
    match cli.output {
        Output::Table => print!("{}", render::status::screen(&status)),
        Output::Json | Output::Yaml => render::data::print(cli.output, &status)?,
    }
    Ok(())
}
