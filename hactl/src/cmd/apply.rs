//! `hactl apply`: checks here, commits there, then shows how it comes about. Ctrl-C leaves the work running.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use ha_domain::plan::Forecast;
use ha_domain::view::SiteStatus;
use ha_proto::v1::{ApplyRequest, StatusRequest};

use crate::cli::Cli;
use crate::client::{Client, key};
use crate::context::Context;
use crate::exit::{Done, Failure};

/// What `apply` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The spec.
    #[arg(short, long)]
    file: PathBuf,
    /// A catalog file to use instead of the one the spec names.
    #[arg(long)]
    catalog: Option<PathBuf>,
    /// Only says what would be done.
    #[arg(long)]
    dry_run: bool,
    /// Does not wait until it has come about.
    #[arg(long)]
    no_wait: bool,
    /// Does not ask.
    #[arg(long)]
    yes: bool,
    /// How long to wait, in seconds.
    #[arg(long, default_value_t = 3600)]
    timeout: u64,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let read = |p: &PathBuf| std::fs::read_to_string(p).map_err(|e| Failure::Refused(format!("read {}: {e}", p.display())));
    let spec_yaml = read(&args.file)?;
    let catalog_yaml = args.catalog.as_ref().map(read).transpose()?.unwrap_or_default();
    let client = Client::of(&Context::find(cli.context.as_deref())?)?;
    let request = ApplyRequest { spec_yaml, catalog_yaml, base: 0, dry_run: args.dry_run, key: key() };
    let reply = client.call(async |mut c| c.apply(request.clone()).await).await?;
    let forecast: Forecast = serde_json::from_slice(&reply.forecast).map_err(|e| Failure::Failed(e.to_string()))?;
    let steps: usize = forecast.waves.iter().map(|w| w.steps.len()).sum();
    println!("spec {}: {steps} steps in {} waves", reply.generation, forecast.waves.len());
    if args.dry_run || args.no_wait {
        return Ok(());
    }
    wait(&client, Duration::from_secs(args.timeout)).await
}

async fn wait(client: &Client, limit: Duration) -> Done {
    let began = Instant::now();
    let mut shown = (0, 0);
    while began.elapsed() < limit {
        let reply = client.call(async |mut c| c.status(StatusRequest {}).await).await?;
        let status: SiteStatus = serde_json::from_slice(&reply.json).map_err(|e| Failure::Failed(e.to_string()))?;
        let progress = status.plan.progress();
        if progress != shown {
            shown = progress;
            println!("{:6.1} s  {} of {} as wanted", began.elapsed().as_secs_f64(), progress.0, progress.1);
        }
        if status.plan.converged() {
            println!("{} is as wanted ({} facts checked)", status.name, progress.1);
            return Ok(());
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    Err(Failure::TimedOut("still under way: `hactl watch` shows how it goes on".to_owned()))
}
