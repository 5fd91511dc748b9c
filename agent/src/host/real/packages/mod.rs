//! Packages of the distribution: what is missing, and installing it. Debian and Ubuntu.
//!
//! One operation at a time; nothing that is installed starts by itself.

mod apt;
pub(super) mod quiet;
#[cfg(test)]
mod tests;

use std::time::Duration;

use tokio::sync::Mutex;

use super::{Command, HostError, Output, blocking, programs, said};
use apt::Trouble;

/// The package manager, taken by one at a time.
#[derive(Debug, Default)]
pub(super) struct Packages {
    /// When this process last fetched the lists.
    fetched: Mutex<Option<std::time::Instant>>,
}

/// How old the lists of packages may be.
const FRESH: Duration = Duration::from_secs(24 * 3600);
/// How long another user of the package manager is waited for.
const LOCK: Duration = Duration::from_secs(300);

impl Packages {
    pub(super) async fn install(&self, packages: &[&str]) -> Result<(), HostError> {
        let mut fetched = self.fetched.lock().await;
        let missing = missing(packages).await?;
        if missing.is_empty() {
            return Ok(());
        }
        let names: Vec<&str> = missing.iter().map(String::as_str).collect();
        let outcome = self::install(&Real, &names, &mut fetched).await;
        outcome.map_err(|reason| HostError::Packages { packages: names.join(" "), reason })
    }
}

/// The programs of the package manager.
trait Programs {
    /// Runs one.
    fn run(&self, command: &[&str]) -> impl Future<Output = Result<Output, HostError>> + Send;
    /// Runs one that installs: nothing starts by itself meanwhile, and afterwards all is on the disk.
    fn install(&self, command: &[&str]) -> impl Future<Output = Result<Output, HostError>> + Send;
}

/// Those of this machine.
struct Real;

impl Programs for Real {
    async fn run(&self, command: &[&str]) -> Result<Output, HostError> {
        let (program, args) = command.split_first().unwrap_or((&"", &[]));
        let mut command = Command::new(program, args).timeout(Duration::from_secs(1200));
        for (name, value) in apt::ENVIRONMENT {
            command = command.env(name, value);
        }
        programs::run(command).await
    }

    async fn install(&self, command: &[&str]) -> Result<Output, HostError> {
        let quiet = quiet::Quiet::begin()?;
        let output = self.run(command).await;
        // dpkg was told not to sync each file. Only this file system: a machine has others that are busy with images.
        blocking("sync", std::path::Path::new("/"), |root| Ok(rustix::fs::syncfs(std::fs::File::open(root)?)?)).await?;
        quiet.end()?;
        output
    }
}

/// Those that dpkg does not list as properly installed.
pub(super) async fn missing(packages: &[&str]) -> Result<Vec<String>, HostError> {
    missing_of(&Real, packages).await
}

async fn missing_of(programs: &impl Programs, packages: &[&str]) -> Result<Vec<String>, HostError> {
    let mut query = vec!["dpkg-query", "--show", "--showformat=${Package} ${db:Status-Abbrev}\n"];
    query.extend(packages);
    // It fails when one is unknown, and still lists the others.
    let known = programs.run(&query).await?.text();
    let installed = |name: &str| known.lines().any(|l| l.trim_end().split_once(' ') == Some((name, "ii")));
    Ok(packages.iter().filter(|name| !installed(name)).map(|name| (*name).to_owned()).collect())
}

async fn install(
    programs: &(impl Programs + Sync),
    names: &[&str],
    fetched: &mut Option<std::time::Instant>,
) -> Result<(), String> {
    if fetched.is_none_or(|at| at.elapsed() > FRESH) && !lists_are_fresh().await {
        fetch_lists(programs, fetched).await?;
    }
    let mut last = attempt(programs, &apt::install(names)).await?;
    for _ in 0..2 {
        match last {
            None => return complete(programs, names).await,
            Some(Trouble::Interrupted) => finish_interrupted(programs).await?,
            // The lists name what the mirror no longer has, or do not name it yet.
            Some(Trouble::Stale(ref why)) => {
                tracing::info!(why, "fetching the lists of packages anew");
                fetch_lists(programs, fetched).await?;
            }
            Some(ref other) => return Err(other.advice()),
        }
        last = attempt(programs, &apt::install(names)).await?;
    }
    match last {
        None => complete(programs, names).await,
        Some(trouble) => Err(trouble.advice()),
    }
}

/// A package that was cut off while it was unpacked counts as installed for apt, but is not: it is installed again.
async fn complete(programs: &(impl Programs + Sync), names: &[&str]) -> Result<(), String> {
    let left = missing_of(programs, names).await.map_err(|e| e.to_string())?;
    if left.is_empty() {
        return Ok(());
    }
    let left: Vec<&str> = left.iter().map(String::as_str).collect();
    if let Some(trouble) = attempt(programs, &apt::reinstall(&left)).await? {
        return Err(trouble.advice());
    }
    match missing_of(programs, &left).await.map_err(|e| e.to_string())? {
        still if still.is_empty() => Ok(()),
        still => Err(format!(
            "apt-get says it worked, dpkg says {} is not installed; look at `dpkg --audit`",
            still.join(" ")
        )),
    }
}

/// One run of apt-get that installs; `None` when it worked.
async fn attempt(programs: &impl Programs, command: &[&str]) -> Result<Option<Trouble>, String> {
    programs.install(command).await.map(|output| apt::trouble(&output)).map_err(|e| e.to_string())
}

async fn fetch_lists(
    programs: &(impl Programs + Sync),
    fetched: &mut Option<std::time::Instant>,
) -> Result<(), String> {
    let begun = std::time::Instant::now();
    loop {
        match apt::trouble(&programs.run(&apt::update()).await.map_err(|e| e.to_string())?) {
            None => {
                *fetched = Some(std::time::Instant::now());
                return Ok(());
            }
            // apt waits for its other locks itself, not for this one.
            Some(Trouble::Locked(_)) if begun.elapsed() < LOCK => tokio::time::sleep(Duration::from_secs(2)).await,
            Some(other) => return Err(other.advice()),
        }
    }
}

/// An earlier run was cut off in the middle: finished here.
async fn finish_interrupted(programs: &impl Programs) -> Result<(), String> {
    attempt(programs, &apt::finish()).await?.map_or(Ok(()), |trouble| Err(trouble.advice()))
}

/// Whether some run of `apt-get update` changed the folder of lists within a day.
async fn lists_are_fresh() -> bool {
    let newest = blocking("look at", std::path::Path::new("/var/lib/apt/lists"), |dir| {
        let has_lists = std::fs::read_dir(dir)?.flatten().any(|e| e.file_name().to_string_lossy().contains("_dists_"));
        let partial = std::fs::metadata(dir.join("partial")).and_then(|m| m.modified());
        let newest = std::fs::metadata(dir)?.modified()?.max(partial.unwrap_or(std::time::UNIX_EPOCH));
        Ok(has_lists.then_some(newest))
    });
    newest.await.ok().flatten().and_then(|at| at.elapsed().ok()).is_some_and(|age| age < FRESH)
}
