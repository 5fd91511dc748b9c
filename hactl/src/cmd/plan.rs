//! `hactl plan`: what would be done, on which machine, why, and what waits for what.

use std::path::PathBuf;

use ha_domain::view::PlanView;
use ha_proto::v1::PlanRequest;

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::exit::Done;
use crate::render::{data, plan};
use crate::voice::Voice;
use crate::wanted::{self, EvenNumbers, Given};

/// What `plan` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Without -f, it is the plan for the spec in force. `-o wide` shows each step with its reason.

Examples:
  hactl plan
  hactl plan -f cluster.yaml
  hactl plan -f cluster.yaml -o wide")]
pub(crate) struct Args {
    /// The spec; left out, the one in force; `-` reads standard input.
    #[arg(short, long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A catalog file to use instead of the one the spec names.
    #[arg(long, value_name = "FILE", requires = "file")]
    catalog: Option<PathBuf>,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let wanted = match &args.file {
        Some(file) => Some(
            wanted::read(&Given { file: file.clone(), catalog: args.catalog.clone() }, EvenNumbers::LeftOpen).await?,
        ),
        None => None,
    };
    let client = Client::open(cli.context.as_deref()).await?;
    let (spec_yaml, catalog_yaml) = wanted.as_ref().map(|w| (w.text.clone(), w.catalog.clone())).unwrap_or_default();
    let request = PlanRequest { spec_yaml, catalog_yaml };
    let view: PlanView = client.document(async |mut c| c.plan(request.clone()).await).await?;
    if let Some(wanted) = &wanted {
        eprint!("{}", wanted.warnings);
    }
    Voice::Out.say(&match data::text(cli.output, &view)? {
        Some(document) => document,
        None if cli.output == Output::Wide => plan::wide(&view),
        None => plan::plan(&view, &next(args)),
    });
    Ok(())
}

fn next(args: &Args) -> String {
    args.file.as_ref().map_or_else(String::new, |f| format!("Apply with `hactl apply -f {}`", f.display()))
}
