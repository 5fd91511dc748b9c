//! `hactl logs`: the journal of a unit on a machine, fetched by its agent.

use ha_proto::v1::LogsRequest;

use crate::cli::Cli;
use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::clean::{clean, line};
use crate::voice::Voice;

/// What `logs` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hactl logs m1
  hactl logs m1 kubelet --lines 50")]
pub(crate) struct Args {
    /// The machine's name.
    machine: String,
    /// The unit; left out, the agent's own.
    #[arg(default_value = "ha-agent")]
    unit: String,
    /// How many lines, the newest.
    #[arg(short = 'n', long, default_value_t = 200, value_parser = clap::value_parser!(u32).range(1..=5_000))]
    lines: u32,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    if args.unit.starts_with('@') {
        return Err(Failure::Refused(format!("{:?} is no unit's name", args.unit)));
    }
    let client = Client::open(cli.context.as_deref()).await?;
    let request = LogsRequest { machine: args.machine.clone(), unit: args.unit.clone(), lines: args.lines };
    let mut pieces = client.call(async |mut c| c.logs(request.clone()).await).await?;
    while let Some(piece) = pieces.message().await? {
        if !piece.error.is_empty() {
            return Err(Failure::Failed(format!("{}: {}", args.machine, line(&piece.error))));
        }
        piece.lines.iter().for_each(|text| Voice::Out.say(&format!("{}\n", clean(text))));
        if piece.last {
            break;
        }
    }
    Ok(())
}
