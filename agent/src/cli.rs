//! The command line of `ha-agent`.

use std::io::Read as _;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{CommandFactory as _, Parser, Subcommand};
use ha_agent::app::Agent;
use ha_agent::config::{CERTIFICATE, Config};
use ha_agent::host::{Host, RealHost, UnitVerb};
use ha_agent::{enrol, leave};
use ha_domain::id::MachineName;
use ha_transport::JoinString;

/// The agent of an ha-mesh site: carries out typed actions on this machine and reports how it looks.
#[derive(Parser)]
#[command(version, about, after_help = "Examples:\n  ha-agent join ha1.xxxx\n  ha-agent status")]
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
    /// Enrols this machine with a join string (`-` reads it from standard input) and starts the agent.
    Join {
        /// What `ha-coordinator init` or `hactl token create` printed.
        join_string: String,
        /// The machine's name in the spec; left out, it is found by its address.
        #[arg(long)]
        name: Option<String>,
    },
    /// Removes from this machine what the agent made, and nothing else.
    Leave {
        /// Does not ask.
        #[arg(long)]
        yes: bool,
    },
    /// Serves; started by systemd.
    Run,
    /// Says how the agent of this machine is.
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
    let config = Config { keys: cli.keys, state: cli.state };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.context("start the runtime").and_then(|runtime| runtime.block_on(run(&config, cli.verb)));
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("ha-agent: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(config: &Config, verb: Verb) -> anyhow::Result<()> {
    match verb {
        Verb::Join { join_string, name } => join(config, join_string, name).await,
        Verb::Leave { yes } => {
            anyhow::ensure!(
                yes,
                "this removes what the agent made here (`hactl node remove` drains a node first); if that is meant: ha-agent leave --yes"
            );
            leave::leave(config, Arc::new(RealHost::new()?)).await
        }
        Verb::Run => serve(config).await,
        Verb::Status => status(config).await,
        Verb::Completion { shell } => {
            clap_complete::generate(shell, &mut Cli::command(), "ha-agent", &mut std::io::stdout());
            Ok(())
        }
        Verb::Man { folder } => std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
            .with_context(|| format!("write the manual pages into {}", folder.display())),
    }
}

async fn join(config: &Config, given: String, name: Option<String>) -> anyhow::Result<()> {
    let mut text = given;
    if text == "-" {
        text.clear();
        std::io::stdin().read_to_string(&mut text).context("read the join string from standard input")?;
    }
    let invitation = JoinString::parse(text.trim())?;
    let name = name.map(|n| MachineName::new(&n)).transpose()?;
    let host = RealHost::new()?;
    let id = enrol::join(config, &host, &invitation, name.as_ref()).await?;
    println!("enrolled as {id}; this machine does nothing until the spec names it");
    for verb in [UnitVerb::Enable, UnitVerb::Start] {
        if let Err(error) = host.control("ha-agent.service", verb).await {
            eprintln!("the agent was not started: {error}; start it with `ha-agent run`");
            break;
        }
    }
    Ok(())
}

async fn serve(config: &Config) -> anyhow::Result<()> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env().unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).without_time().init();
    let host = Arc::new(RealHost::new()?);
    let mut agent = Agent::start(config, host as Arc<dyn Host>).await?;
    let _ = sd_notify::notify(&[sd_notify::NotifyState::Ready]);
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    // The same task that serves tells systemd that it lives: a hung agent is started again.
    let mut alive = tokio::time::interval(std::time::Duration::from_secs(10));
    loop {
        tokio::select! {
            () = agent.run() => {
                anyhow::ensure!(!config.keys.join(format!("{CERTIFICATE}.pem")).exists(), "a task of the agent ended");
                return Ok(());
            }
            _ = alive.tick() => { let _ = sd_notify::notify(&[sd_notify::NotifyState::Watchdog]); }
            _ = terminate.recv() => { agent.stop().await; return Ok(()); }
            _ = tokio::signal::ctrl_c() => { agent.stop().await; return Ok(()); }
        }
    }
}

async fn status(config: &Config) -> anyhow::Result<()> {
    let credentials = ha_transport::Credentials::load(&config.keys, CERTIFICATE);
    let Ok(credentials) = credentials else {
        println!("not enrolled: run `ha-agent join <join string>`");
        return Ok(());
    };
    println!("enrolled as {}", credentials.identity()?);
    let unit = RealHost::new()?.unit("ha-agent.service").await?;
    println!("ha-agent.service is {} ({})", unit.active, unit.sub);
    anyhow::ensure!(unit.active == "active", "the agent does not run: `systemctl status ha-agent`");
    Ok(())
}
