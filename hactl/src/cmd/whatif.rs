//! `hactl whatif`: what breaks when machines are lost together, or what each loss alone would cost.

use ha_domain::whatif::{Score, WhatIf};
use ha_proto::v1::WhatIfRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::paint::Paint;
use crate::render::{data, whatif};
use crate::voice::Voice;

/// What `whatif` takes.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Nothing is changed. It is counted from what is there now: a machine that is silent counts as lost already.
Without a loss to ask for, every machine and every hypervisor of the spec is taken away alone in turn, worst first.
The score: 10 for each layer lost, 5 for data that has no other copy, 3 if Joget is interrupted, 1 for each layer degraded.

Examples:
  hactl whatif                        the single points of failure
  hactl whatif --lose m2              what one machine costs
  hactl whatif --lose m1,m2           both at once
  hactl whatif --lose-hypervisor hv-a
  hactl whatif --lose db1 -o json"
)]
pub(crate) struct Args {
    /// Machines of the spec that are lost together.
    #[arg(long, value_name = "NODE", value_delimiter = ',', conflicts_with = "lose_hypervisor")]
    lose: Vec<String>,
    /// All machines on this hypervisor are lost.
    #[arg(long, value_name = "HYPERVISOR", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    lose_hypervisor: Option<String>,
}

pub(crate) async fn run(cli: &Cli, args: &Args) -> Done {
    let client = Client::open(cli.context.as_deref()).await?;
    let hypervisor = args.lose_hypervisor.clone().unwrap_or_default();
    let request = WhatIfRequest { machines: args.lose.clone(), hypervisor };
    let whole = request.machines.is_empty() && request.hypervisor.is_empty();
    Voice::Out.say(&match (whole, cli.output) {
        (true, Output::Name) => points(&ask(&client, &request).await?),
        (true, output) => shown(output, &ask::<Score>(&client, &request).await?, whatif::score)?,
        (false, output) => shown(output, &ask::<WhatIf>(&client, &request).await?, whatif::loss)?,
    });
    Ok(())
}

async fn ask<T: DeserializeOwned>(client: &Client, request: &WhatIfRequest) -> Result<T, Failure> {
    client.document(async |mut c| c.what_if(request.clone()).await).await
}

fn shown<T: Serialize>(output: Output, told: &T, draw: fn(&T, Paint) -> String) -> Result<String, Failure> {
    Ok(data::text(output, told)?.unwrap_or_else(|| draw(told, Paint::for_output())))
}

/// The names of those whose loss alone costs a layer or data.
fn points(score: &Score) -> String {
    score.losses.iter().filter(|l| l.is_point_of_failure()).map(|l| format!("{}\n", l.name)).collect()
}
