//! `hactl echo`: nothing, to every agent and back. Measures the mesh.

use std::collections::BTreeMap;
use std::time::Instant;

use ha_proto::v1::EchoRequest;
use serde::{Deserialize, Serialize};

use crate::cli::Cli;
use crate::client::{Client, key};
use crate::exit::{Done, Failure};
use crate::render::data;
use crate::render::list::grid;
use crate::render::text::{WIDTH, count};
use crate::voice::Voice;

/// What `echo` takes.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  hactl echo")]
pub(crate) struct Args {}

/// What came back.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Echo {
    /// Milliseconds from the coordinator to each machine and back; none where nothing came back.
    machines: BTreeMap<String, Option<f64>>,
    /// Milliseconds of the whole call, as seen here.
    total_ms: f64,
}

pub(crate) async fn run(cli: &Cli, _: &Args) -> Done {
    let began = Instant::now();
    let client = Client::open(cli.context.as_deref()).await?;
    let request = EchoRequest { key: key() };
    let machines = client.document(async |mut c| c.echo(request.clone()).await).await?;
    let echo = Echo { machines, total_ms: began.elapsed().as_secs_f64() * 1_000.0 };
    Voice::Out.say(&match data::text(cli.output, &echo)? {
        Some(document) => document,
        None => table(&echo),
    });
    let silent: Vec<_> = echo.machines.iter().filter(|(_, ms)| ms.is_none()).map(|(name, _)| name.as_str()).collect();
    if silent.is_empty() {
        Ok(())
    } else {
        Err(Failure::Failed(format!("nothing came back from {}", silent.join(", "))))
    }
}

fn table(echo: &Echo) -> String {
    let took = |ms: &Option<f64>| ms.map_or("nothing came back".to_owned(), |ms| format!("{ms:.1} ms"));
    let rows: Vec<_> = echo.machines.iter().map(|(name, ms)| vec![name.clone(), took(ms)]).collect();
    format!("{}{}, {:.1} ms in all\n", grid(&rows, WIDTH), count(echo.machines.len(), "machine"), echo.total_ms)
}
