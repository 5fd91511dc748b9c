//! A developer's tool: carries out one action on this machine, without a coordinator, and says what happened and how long it took.
//!
//! Reads `{"action": {...}, "credentials": {"bootstrap-token": "..."}}` from standard input. `act` brings the machine to that
//! state, `act probe` only looks. Packages that the mesh would stream are looked for in `/var/lib/ha-mesh/packages`. Exit code 1 when the action failed or the look found a difference.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use async_trait::async_trait;
use ha_agent::execute::mesh::Mesh;
use ha_agent::execute::{self, ActError, Context, Credentials, Probe};
use ha_agent::host::{Host, RealHost};
use ha_agent::ledger::Ledger;
use ha_domain::id::Digest;
use ha_domain::step::{Action, CredentialKind};
use ha_transport::Secret;
use serde::Deserialize;

const LEDGER: &str = "/var/lib/ha-mesh/ledger.json";
const PACKAGES: &str = "/var/lib/ha-mesh/packages";

#[derive(Deserialize)]
struct Order {
    action: Action,
    #[serde(default)]
    credentials: BTreeMap<CredentialKind, String>,
}

/// Packages that were copied to this machine by hand.
struct Folder;

#[async_trait]
impl Mesh for Folder {
    async fn package(&self, digest: &Digest, to: &Path) -> Result<(), ActError> {
        let host = RealHost::default();
        for name in host.list(Path::new(PACKAGES)).await? {
            let path = Path::new(PACKAGES).join(name);
            if host.digest(&path).await?.as_ref() == Some(digest) {
                return Ok(host.copy(&path, to, 0o644).await?);
            }
        }
        Err(ActError::Refused(format!("no file in {PACKAGES} has the sha256 {digest}; copy the package there")))
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        None
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("read standard input")?;
    let order: Order = serde_json::from_str(&text).context("read the order")?;
    let only_look = std::env::args().nth(1).is_some_and(|word| word == "probe");
    carry_out(&order, only_look).await
}

async fn carry_out(order: &Order, only_look: bool) -> anyhow::Result<()> {
    let host = RealHost::new()?;
    let ledger = Ledger::load(&host, Path::new(LEDGER)).await?;
    let credentials: Credentials = order.credentials.iter().map(|(k, v)| (*k, Secret::new(v.clone()))).collect();
    let begun = Instant::now();
    let progress = move |line: String| eprintln!("{} {line}", seconds(begun.elapsed()));
    let cx = Context { host: &host, ledger: &ledger, credentials: &credentials, mesh: &Folder, progress: &progress };
    let component = order.action.component();
    let look = execute::probe(&order.action, &cx).await;
    println!("{} {component} probe: {look:?}", seconds(begun.elapsed()));
    if only_look || matches!(look, Ok(Probe::Converged(_))) {
        anyhow::ensure!(matches!(look, Ok(Probe::Converged(_))), "{component} is not as the action wants it");
        return Ok(());
    }
    let outcome = execute::ensure(&order.action, &cx).await;
    match outcome {
        Ok(facts) => println!("{} {component} done: {facts:?}", seconds(begun.elapsed())),
        Err(e) => anyhow::bail!("{} {component} failed: {e}", seconds(begun.elapsed())),
    }
    Ok(())
}

fn seconds(elapsed: Duration) -> String {
    format!("{:7.3}s", elapsed.as_secs_f64())
}
