//! `ha-sandbox fan-out`: one no-op action to many agents and back, and what they cost while they only report.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use ha_proto::v1::EchoRequest;
use ha_tests::fan_out::{Coordinators, Crowd};
use ha_tests::measure::Usage;
use ha_tests::operator::{Operator, key};
use ha_transport::JoinString;
use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::cli::Preset;
use crate::home::Home;

/// What `fan-out` takes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How many agents.
    #[arg(long, default_value_t = 100)]
    agents: u32,
    /// For how many seconds the cost of reporting is measured.
    #[arg(long, default_value_t = 20)]
    seconds: u64,
    /// How often the action goes out.
    #[arg(long, default_value_t = 5)]
    rounds: u32,
    /// Prints one JSON document.
    #[arg(long)]
    json: bool,
    /// Folder, kept afterwards; left out, a temporary one.
    #[arg(long)]
    dir: Option<PathBuf>,
    /// Raft's timing.
    #[arg(long, value_enum, default_value_t)]
    timing: Preset,
}

/// What `agents`, the other process, takes. The join string comes by standard input.
#[derive(Debug, clap::Args)]
pub(crate) struct CrowdArgs {
    /// How many.
    #[arg(long)]
    count: u32,
    /// Their folder.
    #[arg(long)]
    dir: PathBuf,
}

/// What was measured.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Measured {
    agents: u32,
    coordinators: usize,
    /// Until all were enrolled and connected.
    enrol_seconds: f64,
    /// Each round: all answers back.
    fan_out_ms: Vec<f64>,
    /// Agents that were heard within two seconds at the end.
    reporting: usize,
    seconds: f64,
    /// Processor seconds a second, while they only report.
    agents_cpu: f64,
    coordinators_cpu: f64,
    /// Resident memory.
    agents_rss_kib: u64,
    rss_kib_per_agent: f64,
    coordinators_rss_kib: u64,
}

/// A word between the two processes: all agents run.
const STARTED: &str = "started";

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let home = Home::open(args.dir.clone())?;
    home.keep_log()?;
    let mesh = Coordinators::found(home.path(), args.timing.into()).await?;
    let began = Instant::now();
    let mut crowd = crowd(&args, home.path(), &mesh.invite(args.agents).await?).await?;
    mesh.sessions(args.agents as usize).await?;
    let enrol_seconds = began.elapsed().as_secs_f64();
    let measured = measure(&args, &mesh, crowd.id().context("the agents' process is gone")?).await;
    crowd.kill().await?;
    mesh.end();
    let measured = Measured { enrol_seconds, ..measured? };
    println!("{}", if args.json { serde_json::to_string_pretty(&measured)? } else { table(&measured) });
    Ok(())
}

/// The agents, in a process of their own.
async fn crowd(args: &Args, dir: &Path, invitation: &JoinString) -> anyhow::Result<Child> {
    let count = args.agents.to_string();
    let mut command = Command::new(std::env::current_exe()?);
    command.args(["agents", "--count", &count, "--dir"]).arg(dir).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.kill_on_drop(true).spawn().context("start the agents' process")?;
    let mut input = child.stdin.take().context("its input")?;
    input.write_all(invitation.text().expose().as_bytes()).await?;
    drop(input);
    let output = child.stdout.take().context("its output")?;
    let line = BufReader::new(output).lines().next_line().await?;
    ensure!(line.as_deref() == Some(STARTED), "the agents did not start");
    Ok(child)
}

/// The agents' process.
pub(crate) async fn serve(args: CrowdArgs) -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("read the join string")?;
    let _crowd = Crowd::start(&args.dir, args.count, &JoinString::parse(text.trim())?).await?;
    println!("{STARTED}");
    std::future::pending().await
}

async fn measure(args: &Args, mesh: &Coordinators, crowd: u32) -> anyhow::Result<Measured> {
    let mut fan_out_ms = Vec::new();
    for _ in 0..args.rounds {
        fan_out_ms.push(echo(&mesh.admin, args.agents as usize).await?);
    }
    let (began, before) = (Instant::now(), (Usage::of(crowd)?, Usage::own()?));
    tokio::time::sleep(Duration::from_secs(args.seconds)).await;
    let (seconds, after) = (began.elapsed().as_secs_f64(), (Usage::of(crowd)?, Usage::own()?));
    Ok(Measured {
        agents: args.agents,
        coordinators: mesh.seats.len(),
        enrol_seconds: 0.0,
        fan_out_ms,
        reporting: mesh.heard_within(2_000),
        seconds,
        agents_cpu: (after.0.cpu_seconds - before.0.cpu_seconds) / seconds,
        coordinators_cpu: (after.1.cpu_seconds - before.1.cpu_seconds) / seconds,
        agents_rss_kib: after.0.rss_kib,
        rss_kib_per_agent: after.0.rss_kib as f64 / f64::from(args.agents.max(1)),
        coordinators_rss_kib: after.1.rss_kib,
    })
}

/// Milliseconds until all have answered, seen from the operator's side.
async fn echo(operator: &Operator, wanted: usize) -> anyhow::Result<f64> {
    let began = Instant::now();
    let request = EchoRequest { key: key() };
    let answers: BTreeMap<String, Option<f64>> = operator.document(async |mut c| c.echo(request.clone()).await).await?;
    let ms = began.elapsed().as_secs_f64() * 1_000.0;
    let answered = answers.values().filter(|ms| ms.is_some()).count();
    ensure!(answered == wanted, "{answered} of {wanted} agents answered");
    Ok(ms)
}

fn table(m: &Measured) -> String {
    let best = m.fan_out_ms.iter().copied().fold(f64::INFINITY, f64::min);
    let worst = m.fan_out_ms.iter().copied().fold(0.0, f64::max);
    let agents = f64::from(m.agents.max(1));
    format!(
        "agents                    {}, with {} coordinators\n\
         enrolled and connected    {:.1} s\n\
         one action, all back      {best:.1} to {worst:.1} ms ({} rounds, mutual TLS from the operator on)\n\
         reporting each second     {} of {}\n\
         CPU of agents             {:.3} s/s, {:.2} ms/s an agent\n\
         CPU of coordinators       {:.3} s/s\n\
         memory of agents          {:.1} MiB, {:.0} KiB an agent\n\
         memory of coordinators    {:.1} MiB",
        m.agents,
        m.coordinators,
        m.enrol_seconds,
        m.fan_out_ms.len(),
        m.reporting,
        m.agents,
        m.agents_cpu,
        m.agents_cpu * 1_000.0 / agents,
        m.coordinators_cpu,
        m.agents_rss_kib as f64 / 1024.0,
        m.rss_kib_per_agent,
        m.coordinators_rss_kib as f64 / 1024.0,
    )
}
