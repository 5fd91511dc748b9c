//! `hactl steps`: steps under way, or all that are kept.

use ha_domain::step::Status;
use ha_domain::view::StepView;
use ha_proto::v1::StepsRequest;

use crate::cli::Cli;
use crate::client::Client;
use crate::exit::Done;
use crate::render::action::{layer, what};
use crate::render::clean::line;
use crate::render::list::{Column, list};
use crate::render::text::{seconds, utc};
use crate::voice::Voice;

/// What `steps` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:
  hactl steps
  hactl steps --all -o wide")]
pub(crate) struct Args {
    /// Also those that have ended; the last few of each component of each machine are kept.
    #[arg(long)]
    all: bool,
}

const COLUMNS: &[Column<StepView>] = &[
    Column::of("STEP", |s| s.id.clone()),
    Column::wide("MACHINE", |s| s.machine.clone()),
    Column::of("WHAT", |s| what(&s.action)),
    Column::wide("LAYER", |s| layer(&s.action).to_owned()),
    Column::of("STATE", |s| s.status.word().to_owned()),
    Column::of("TOOK", |s| s.took_ms.map_or("-".to_owned(), seconds)),
    Column::wide("ADOPTED", |s| utc(s.adopted)),
    Column::of("WHY", reason),
];

fn reason(step: &StepView) -> String {
    match &step.status {
        Status::Failed { error, .. } => line(error),
        Status::Adopted { .. }
        | Status::Granted { .. }
        | Status::Succeeded { .. }
        | Status::Confirmed { .. }
        | Status::Expired { .. }
        | Status::Cancelled { .. } => line(&step.why),
    }
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let request = StepsRequest { all: args.all };
    let steps: Vec<StepView> = client.document(async |mut c| c.steps(request).await).await?;
    Voice::Out.say(&list(cli.output, COLUMNS, &steps)?);
    Ok(())
}
