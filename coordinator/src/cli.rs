//! The command line of `ha-coordinator`.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use ha_coordinator::app::Coordinator;
use ha_coordinator::config::Config;
use ha_coordinator::founding;
use ha_coordinator::store::Timing;
use ha_transport::JoinString;

/// The coordinator of an ha-mesh site: replicated three ways, it orders the bootstrap and keeps watch.
#[derive(Parser)]
#[command(version, about, after_help = "Examples:\n  ha-coordinator init\n  ha-coordinator status")]
struct Cli {
    /// Folder of certificates and keys.
    #[arg(long, global = true, default_value = "/etc/ha-mesh")]
    keys: PathBuf,
    /// Folder of state.
    #[arg(long, global = true, default_value = "/var/lib/ha-mesh")]
    state: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Founds a mesh on this machine; prints a join string for the others and an admin login.
    Init {
        /// Address that the other machines reach this one at; left out, the one that faces its default route.
        #[arg(long)]
        address: Option<String>,
        /// How to print: text or json.
        #[arg(long, short, default_value = "text", value_parser = ["text", "json"])]
        output: String,
    },
    /// Makes this machine a further replica; reads the join string from standard input.
    Join {
        /// Address that the other machines reach this one at.
        #[arg(long)]
        address: Option<String>,
    },
    /// Serves; started by systemd.
    Run {
        /// Raft's timing, the same on all replicas: how busy the machines and how slow their disks may be.
        #[arg(long, env = "HA_RAFT_TIMING", default_value = "lan", value_parser = ["lan", "slow-disk", "wan"])]
        timing: String,
    },
    /// Says how this replica is.
    Status,
    /// Prints shell completions.
    Completion {
        /// Which shell.
        shell: clap_complete::Shell,
    },
    /// Writes the manual pages, for the package.
    #[command(hide = true)]
    Man {
        /// The folder to write them into; it is made where it is missing.
        folder: PathBuf,
    },
}

pub(super) fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let done = runtime.context("start the runtime").and_then(|runtime| runtime.block_on(run(cli)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ha-coordinator: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn config(cli: &Cli) -> Config {
    let share = cli.state.join("share");
    Config { keys: cli.keys.clone(), state: cli.state.join("coordinator"), share, ..Config::default() }
}

async fn run(cli: Cli) -> anyhow::Result<()> {
    let config = config(&cli);
    match cli.verb {
        Verb::Init { address, output } => init(&config, address, output == "json").await,
        Verb::Join { address } => join(&config, address).await,
        Verb::Run { timing } => serve(&Config { timing: preset(&timing), ..config }).await,
        Verb::Status => status(&config).await,
        Verb::Completion { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "ha-coordinator", &mut std::io::stdout());
            Ok(())
        }
        Verb::Man { folder } => std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
            .with_context(|| format!("write the manual pages into {}", folder.display())),
    }
}

fn preset(name: &str) -> Timing {
    match name {
        "slow-disk" => Timing::SlowDisk,
        "wan" => Timing::Wan,
        _ => Timing::Lan,
    }
}

fn host(address: Option<String>) -> anyhow::Result<String> {
    address.map_or_else(|| founding::own_address().map(|a| a.to_string()), Ok)
}

async fn init(config: &Config, address: Option<String>, json: bool) -> anyhow::Result<()> {
    let host = host(address)?;
    let package =
        founding::keep_own_package(&config.share).context("keep this coordinator's package for the others")?;
    let founded = founding::init(config, &host, package).await?;
    let (join, login) = (founded.join.text(), founded.login.text());
    start_unit("ha-coordinator").await;
    join_own_agent(join.expose()).await;
    if json {
        let shown = serde_json::json!({
            "join": join.expose(), "login": login.expose(), "recoveryKey": founded.recovery.expose(),
        });
        println!("{shown}");
    } else {
        println!("This machine ({host}) coordinates a new mesh.\n");
        println!("On every other machine, within 24 hours:\n  ha-agent join {}\n", join.expose());
        println!("On your own machine, within 24 hours:\n  hactl login {}\n", login.expose());
        println!(
            "Keep this recovery key where none of the machines is; it is shown once:\n  {}",
            founded.recovery.expose()
        );
    }
    Ok(())
}

/// Enables and starts a unit where systemd runs; elsewhere the caller starts the program.
async fn start_unit(name: &str) {
    let started = tokio::process::Command::new("systemctl").args(["enable", "--now", "--quiet", name]).output().await;
    match started {
        Ok(output) if output.status.success() => {}
        Ok(output) => eprintln!("{name} was not started: {}", String::from_utf8_lossy(&output.stderr).trim()),
        Err(error) => eprintln!("{name} was not started: {error}"),
    }
}

/// The agent of this machine joins as well, where it is installed and has not yet.
async fn join_own_agent(join: &str) {
    use tokio::io::AsyncWriteExt as _;
    if !std::path::Path::new("/usr/bin/ha-agent").exists() {
        eprintln!("ha-agent is not installed here: install it and run `ha-agent join` with the string below");
        return;
    }
    let child = tokio::process::Command::new("/usr/bin/ha-agent")
        .args(["join", "-"])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn();
    let Ok(mut child) = child else { return };
    if let Some(mut stdin) = child.stdin.take() {
        let _ = stdin.write_all(join.as_bytes()).await;
    }
    match child.wait().await {
        Ok(status) if status.success() => {}
        _ => eprintln!("this machine's own agent did not join: run `ha-agent join` with the string below"),
    }
}

async fn join(config: &Config, address: Option<String>) -> anyhow::Result<()> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("read the join string from standard input")?;
    let invitation = JoinString::parse(text.trim())?;
    founding::join(config, &invitation, &host(address)?).await
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info,openraft=warn".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).without_time().init();
    let mut coordinator = Coordinator::start(config).await?;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        error = coordinator.run() => Err(error),
        _ = terminate.recv() => {
            coordinator.stop().await;
            Ok(())
        }
        _ = tokio::signal::ctrl_c() => {
            coordinator.stop().await;
            Ok(())
        }
    }
}

async fn status(config: &Config) -> anyhow::Result<()> {
    let address = config.telemetry.context("telemetry is off")?;
    let stream = tokio::net::TcpStream::connect(address).await;
    let mut stream = stream.context("the coordinator does not answer: `systemctl status ha-coordinator`")?;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    print!("{}", answer.rsplit("\r\n\r\n").next().unwrap_or_default());
    anyhow::ensure!(answer.starts_with("HTTP/1.1 200"), "this replica does not serve");
    Ok(())
}
