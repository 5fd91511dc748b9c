//! One sandbox, from founding to Ctrl-C.

use std::time::Instant;

use anyhow::Context as _;
use ha_tests::site::{Options, Site};
use ha_tests::specs;

use crate::cli::Args;
use crate::home::Home;

pub(crate) async fn run(args: Args) -> anyhow::Result<()> {
    let home = Home::open(args.dir.clone())?;
    let log = home.keep_log()?;
    let began = Instant::now();
    let site = Site::found(options(&args, &home)?).await?;
    std::fs::write(home.document(), &site.document.text).context("write the document")?;
    home.log_in(&site.admin.invite("admin", "admin").await?).await?;
    let agents = site.agents.lock().await.len();
    println!("A mesh on {} since {:.1} s: {agents} agents.", site.network, began.elapsed().as_secs_f32());
    println!("Log: {}\nIn another terminal:\n{}  hactl status\n", log.display(), home.exports());
    let outcome = tokio::select! {
        outcome = serve(&args, &home, &site) => outcome,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    println!("\nending");
    site.end().await;
    outcome
}

fn options(args: &Args, home: &Home) -> anyhow::Result<Options> {
    let spec = match &args.spec {
        Some(path) => std::fs::read_to_string(path).with_context(|| format!("read {}", path.display()))?,
        None => specs::NINE.to_owned(),
    };
    let machines = specs::understand(&spec)?.machines.len();
    let spare_agents = args.agents.unwrap_or(machines).saturating_sub(machines);
    Ok(Options { dir: home.path().to_owned(), spec, spare_agents, timing: args.timing.into() })
}

async fn serve(args: &Args, home: &Home, site: &Site) -> anyhow::Result<()> {
    if !args.no_apply {
        let began = Instant::now();
        let document = home.document();
        let applied = home.hactl(&["apply", "--yes", "-f", &document.to_string_lossy()]).status().await;
        anyhow::ensure!(applied.context("run hactl")?.success(), "hactl apply did not succeed");
        site.converged().await?;
        println!("\nReady after {:.1} s. Ctrl-C ends it.", began.elapsed().as_secs_f32());
    }
    if args.once {
        return Ok(());
    }
    std::future::pending().await
}
