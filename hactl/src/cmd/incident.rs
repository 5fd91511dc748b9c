//! `hactl incident`: what happened while something was ill, on one clock.

use clap::Subcommand;
use ha_domain::view::IncidentView;
use ha_proto::v1::HealingRequest;

use crate::cli::Cli;
use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::list::list;
use crate::render::{data, incident};
use crate::voice::Voice;

/// What `incident` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Look,
}

#[derive(Debug, Subcommand)]
enum Look {
    /// Shows the incidents that are kept, newest first.
    #[command(after_help = "Example:\n  hactl incident list")]
    List,
    /// Shows the time line of one.
    #[command(after_help = "Examples:\n  hactl incident show 2\n  hactl incident show 2 -o json")]
    Show {
        /// Its number.
        number: u64,
    },
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let all: Vec<IncidentView> = client.document(async |mut c| c.incidents(HealingRequest {}).await).await?;
    let text = match args.verb {
        Look::List => list(cli.output, incident::COLUMNS, &all)?,
        Look::Show { number } => {
            let missing = || Failure::Refused(format!("there is no incident {number}: see `hactl incident list`"));
            let found = all.iter().find(|i| i.incident.number == number).ok_or_else(missing)?;
            data::text(cli.output, found)?.unwrap_or_else(|| incident::time_line(found))
        }
    };
    Voice::Out.say(&text);
    Ok(())
}
