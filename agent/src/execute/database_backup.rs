//! Backups of the database: dumped, restored on trial into a scratch database that is counted and dropped, and only then
//! kept; the oldest go.
//!
//! This action sets them up and takes the first; afterwards the agent's clock calls [`backup_now`] when one is due. Carrying
//! them to other machines is the mesh's business.

mod due;
mod engine;
mod trial;

use std::path::{Path, PathBuf};
use std::time::Duration;

use ha_domain::id::{Digest, Time};
use ha_domain::step::DatabaseBackup;
use serde::{Deserialize, Serialize};

use super::database::sql;
use super::rendered::{is_current, last_lines, run_ok};
use super::{ActError, Context, Probe, distro, utc};
use crate::host::{Command, NewFile};
use crate::ledger::Owned;

/// Where backups lie.
pub const DIR: &str = "/var/lib/ha-mesh/backups";
const SETTINGS: &str = "/etc/ha-mesh/backup.json";
const STATUS: &str = "/var/lib/ha-mesh/backups/status.json";
/// A dump or a restore of a large database takes its time.
const LONG: Duration = Duration::from_secs(4 * 3600);

/// A backup that was restored on trial.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Backup {
    /// The file.
    pub path: PathBuf,
    /// sha256 of the file.
    pub digest: Digest,
    /// When it was begun.
    pub taken: Time,
    /// When its restore on trial had succeeded.
    pub proven: Time,
    /// Bytes of the file.
    pub size: u64,
    /// Tables that were restored.
    pub tables: u64,
    /// Rows that were restored.
    pub rows: u64,
}

/// What is known of the backups of this machine.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The last good one.
    pub last: Option<Backup>,
    /// When a later one failed, and why.
    pub failed: Option<(Time, String)>,
}

/// Looks: whether they are set up like this, and whether there is a proven one.
pub(super) async fn probe(a: &DatabaseBackup, cx: &Context<'_>) -> Result<Probe, ActError> {
    if !is_current(cx, Path::new(SETTINGS), &settings_text(a)).await? {
        return Ok(Probe::Differs("backups are not set up like that".to_owned()));
    }
    let Some(last) = last(cx).await? else { return Ok(Probe::Differs("there is no proven backup yet".to_owned())) };
    Ok(Probe::Converged(distro::facts([
        ("last-backup", utc::rfc3339(last.taken)),
        ("last-proven-restore", utc::rfc3339(last.proven)),
        ("tables", last.tables.to_string()),
        ("rows", last.rows.to_string()),
        ("sha256", last.digest.as_str().to_owned()),
    ])))
}

/// Records the settings and takes the first backup, where there is none.
pub(super) async fn act(a: &DatabaseBackup, cx: &Context<'_>) -> Result<(), ActError> {
    due::minute_of_day(&a.at)?;
    sql::name(&a.name)?;
    cx.ledger.own_file(cx.host, Path::new(DIR), Owned::Dir).await?;
    cx.host.make_dir(Path::new(DIR), 0o700).await?;
    let content = settings_text(a);
    cx.ledger.put(cx.host, NewFile { path: Path::new(SETTINGS), content: &content, mode: 0o600 }).await?;
    if last(cx).await?.is_none() {
        backup_now(cx, a).await?;
    }
    Ok(())
}

fn settings_text(a: &DatabaseBackup) -> Vec<u8> {
    serde_json::to_vec_pretty(a).unwrap_or_default()
}

/// What was set up on this machine; `None` where it takes no backups.
pub async fn settings(cx: &Context<'_>) -> Result<Option<DatabaseBackup>, ActError> {
    let bytes = cx.host.read(Path::new(SETTINGS)).await?;
    Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

/// Everything that is known of the backups.
pub async fn status(cx: &Context<'_>) -> Result<Status, ActError> {
    let bytes = cx.host.read(Path::new(STATUS)).await?.unwrap_or_default();
    Ok(serde_json::from_slice(&bytes).unwrap_or_default())
}

/// The last proven backup whose file is still there.
pub async fn last(cx: &Context<'_>) -> Result<Option<Backup>, ActError> {
    let Some(last) = status(cx).await?.last else { return Ok(None) };
    let whole = cx.host.stat(&last.path).await?.is_some_and(|s| s.len == last.size);
    Ok(whole.then_some(last))
}

/// Whether its time of day has come since the last one, in the machine's time zone. After a failure it is tried again in an
/// hour.
pub async fn is_due(cx: &Context<'_>, settings: &DatabaseBackup) -> Result<bool, ActError> {
    let status = status(cx).await?;
    let now = cx.host.now();
    if status.failed.is_some_and(|(at, _)| now.ms_since(at) < 3_600_000) {
        return Ok(false);
    }
    let zone = run_ok(cx, Command::new("date", &["+%z"])).await?.text();
    let scheduled = due::latest(now, due::minute_of_day(&settings.at)?, due::offset_minutes(&zone));
    Ok(last(cx).await?.is_none_or(|last| last.taken < scheduled))
}

/// Dumps the database, proves the dump by a restore, keeps it, and removes the oldest ones beyond `keep`.
///
/// # Errors
/// The server refuses, the disk is full, or what was restored is not what was dumped; older backups stay, and the failure is
/// kept in [`Status`].
pub async fn backup_now(cx: &Context<'_>, settings: &DatabaseBackup) -> Result<Backup, ActError> {
    (cx.progress)(format!("backing up {}", settings.name));
    let taken = cx.host.now();
    let mut status = status(cx).await?;
    let made = take(cx, settings, taken).await;
    match &made {
        Ok(backup) => status = Status { last: Some(backup.clone()), failed: None },
        Err(why) => status.failed = Some((cx.host.now(), why.to_string())),
    }
    let content = serde_json::to_vec_pretty(&status).unwrap_or_default();
    cx.host.write(NewFile { path: Path::new(STATUS), content: &content, mode: 0o600 }).await?;
    forget_oldest(cx, settings).await?;
    made
}

/// Dump, trial, and only then the file's real name.
async fn take(cx: &Context<'_>, settings: &DatabaseBackup, taken: Time) -> Result<Backup, ActError> {
    let name = sql::name(&settings.name)?;
    let engine = engine::Engine(settings.kind);
    let draft = Path::new(DIR).join("draft");
    let path = Path::new(DIR).join(format!("{name}-{}{}", utc::rfc3339(taken).replace(':', ""), engine.ending()));
    let proven = trial::dump_and_prove(cx, engine, name, &draft).await;
    if proven.is_err() {
        cx.host.remove(&draft).await?;
    }
    let proven = proven?;
    let packed = engine.pack(cx, &draft).await?;
    run_ok(cx, Command::new("sync", &[&packed.to_string_lossy()]).timeout(LONG)).await?;
    cx.host.rename(&packed, &path).await?;
    let vanished = || ActError::Refused(format!("{} vanished while it was made", path.display()));
    let digest = cx.host.digest(&path).await?.ok_or_else(vanished)?;
    let size = cx.host.stat(&path).await?.ok_or_else(vanished)?.len;
    let (tables, rows) = (proven.len() as u64, proven.values().sum());
    Ok(Backup { path, digest, taken, proven: cx.host.now(), size, tables, rows })
}

/// Names sort by time.
async fn forget_oldest(cx: &Context<'_>, settings: &DatabaseBackup) -> Result<(), ActError> {
    let names = cx.host.list(Path::new(DIR)).await?;
    for name in surplus(&names, &settings.name, settings.keep) {
        cx.host.remove(&Path::new(DIR).join(name)).await?;
    }
    Ok(())
}

/// At least one is always kept.
fn surplus<'a>(names: &'a [String], database: &str, keep: u32) -> Vec<&'a str> {
    let prefix = format!("{database}-2");
    let mut ours: Vec<&str> = names.iter().map(String::as_str).filter(|n| n.starts_with(&prefix)).collect();
    ours.sort_unstable();
    let surplus = ours.len().saturating_sub(usize::try_from(keep.max(1)).unwrap_or(usize::MAX));
    ours.truncate(surplus);
    ours
}

/// Runs one of the engine's commands.
async fn run(cx: &Context<'_>, command: &[String]) -> Result<String, ActError> {
    let args: Vec<&str> = command.iter().skip(1).map(String::as_str).collect();
    let program = command.first().map(String::as_str).unwrap_or_default();
    let output = cx.host.run(Command::new(program, &args).timeout(LONG)).await?;
    if output.ok() {
        return Ok(output.text());
    }
    Err(ActError::Program { program: program.to_owned(), code: output.code, said: last_lines(&output.stderr) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_beyond_those_kept_go_and_other_files_stay() {
        let names = [
            "draft",
            "jwdb-2026-11-22T020000Z.sql.gz",
            "jwdb-2026-11-23T020000Z.sql.gz",
            "jwdb2-2026.sql.gz",
            "status.json",
        ];
        let names = names.map(str::to_owned);
        assert_eq!(surplus(&names, "jwdb", 1), ["jwdb-2026-11-22T020000Z.sql.gz"]);
        assert_eq!(surplus(&names, "jwdb", 0), ["jwdb-2026-11-22T020000Z.sql.gz"]);
        assert!(surplus(&names, "jwdb", 2).is_empty());
    }
}
