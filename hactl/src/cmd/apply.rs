//! `hactl apply`: checks here, shows what will be done, commits there, then shows how it comes about.

use std::time::Duration;

use ha_domain::plan::Forecast;
use ha_domain::view::{PlanView, SiteStatus};
use ha_proto::v1::{ApplyReply, ApplyRequest, PlanRequest, StatusRequest};

use crate::ask;
use crate::cli::{Cli, Output};
use crate::client::{Client, key, understand};
use crate::exit::{Done, Failure};
use crate::live::{self, Before, Goal, Until};
use crate::render::{data, plan, status};
use crate::span;
use crate::voice::Voice;
use crate::wanted::{self, EvenNumbers, Given, Wanted};

/// What `apply` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Ctrl-C leaves the work running; `hactl watch` shows it again.

Examples:
  hactl apply -f cluster.yaml
  hactl apply -f cluster.yaml --dry-run
  hactl apply -f cluster.yaml --yes --timeout 30m")]
pub(crate) struct Args {
    #[command(flatten)]
    given: Given,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Does not wait until it has come about.
    #[arg(long)]
    no_wait: bool,
    /// Does not ask before something destructive.
    #[arg(long)]
    yes: bool,
    /// How long to wait: 90s, 10m, 1h.
    #[arg(long, value_parser = span::parse, default_value = "1h", value_name = "TIME")]
    timeout: Duration,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let wanted = wanted::read(&args.given, EvenNumbers::LeftOpen).await?;
    let client = Client::open(cli.context.as_deref()).await.map_err(|failure| wanted.unasked(failure))?;
    eprint!("{}", wanted.warnings);
    let preview = send(&client, &wanted, None).await?;
    let forecast: Forecast = understand(&preview.forecast)?;
    if !preview.changed && forecast.waves.is_empty() && forecast.rest.converged() {
        return say_as_wanted(cli, &client).await;
    }
    let voice = Voice::beside(cli.output);
    let view = show_plan(cli, &client, &wanted).await?;
    if args.dry_run {
        return Ok(());
    }
    let taken = plan::destructive(&view.forecast);
    if !args.yes && !taken.is_empty() {
        ask::confirm(&format!("This will {}. Go on?", taken.join(", ")))?;
    }
    let before = Before::now(&client).await?;
    let reply = send(&client, &wanted, Some(preview.generation)).await?;
    if args.no_wait {
        voice.say(&format!("spec {} is being brought about: `hactl watch` shows it\n", reply.generation));
        return Ok(());
    }
    let goal = Goal { generation: reply.generation, limit: args.timeout, until: Until::AsWanted };
    live::show(cli, &client, goal, before).await?;
    // Coordinators may have come or gone; not knowing harms only the next run's speed.
    let _ = client.learn().await;
    Ok(())
}

/// Applies on top of the generation `base`; `None` only asks what would be done.
async fn send(client: &Client, wanted: &Wanted, base: Option<u64>) -> Result<ApplyReply, Failure> {
    let request = ApplyRequest {
        spec_yaml: wanted.text.clone(),
        catalog_yaml: wanted.catalog.clone(),
        base: base.unwrap_or_default(),
        dry_run: base.is_none(),
        key: key(),
    };
    let reply = client.call(async |mut c| c.apply(request.clone()).await).await;
    reply.map_err(|failure| wanted.located(failure))
}

async fn say_as_wanted(cli: &Cli, client: &Client) -> Done {
    let status: SiteStatus = client.document(async |mut c| c.status(StatusRequest {}).await).await?;
    Voice::beside(cli.output).say(&status::as_wanted(&status));
    if let Some(document) = data::text(cli.output, &status)? {
        Voice::Out.say(&document);
    }
    Ok(())
}

async fn show_plan(cli: &Cli, client: &Client, wanted: &Wanted) -> Result<PlanView, Failure> {
    let request = PlanRequest { spec_yaml: wanted.text.clone(), catalog_yaml: wanted.catalog.clone() };
    let view: PlanView = client.document(async |mut c| c.plan(request.clone()).await).await?;
    match cli.output {
        Output::Wide => Voice::Out.say(&plan::wide(&view)),
        Output::Table => Voice::Out.say(&plan::plan(&view, "")),
        Output::Json | Output::Yaml | Output::Name => Voice::Err.say(&plan::plan(&view, "")),
    }
    Ok(view)
}
