//! What the agent's clock brings about without any coordinator: etcd snapshots and database backups when they are due, and
//! their copies on other machines as soon as coordinators there can be reached.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::Digest;

use crate::copies::Copies;
use crate::execute::{ActError, Context, database_backup, etcd_snapshots};
use crate::machine::Machine;
use crate::observe::looking;

/// Between two looks at the clock.
const PERIOD: Duration = Duration::from_secs(30);

/// A file that is to be on other machines too.
pub(crate) struct Kept {
    /// What it is: its copies are named after it.
    pub(crate) kind: &'static str,
    pub(crate) path: PathBuf,
    pub(crate) digest: Digest,
    /// On how many other machines.
    pub(crate) copies: u32,
}

/// Runs for ever.
pub(crate) async fn keep(machine: Arc<Machine>, copies: Copies) {
    loop {
        for kept in due(&machine).await {
            match kept {
                Ok(Some(kept)) => copies.bring(&machine, &kept).await,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a snapshot or backup that was due"),
            }
        }
        tokio::time::sleep(PERIOD).await;
    }
}

/// Takes what is due; returns the newest of each kind.
async fn due(machine: &Machine) -> [Result<Option<Kept>, ActError>; 2] {
    looking(machine, async |cx| [etcd(cx).await, database(cx).await]).await
}

async fn etcd(cx: &Context<'_>) -> Result<Option<Kept>, ActError> {
    let Some(settings) = etcd_snapshots::settings(cx).await? else { return Ok(None) };
    if etcd_snapshots::is_due(cx, &settings).await? {
        etcd_snapshots::snapshot_now(cx, &settings).await?;
    }
    let last = etcd_snapshots::last(cx).await?;
    Ok(last.map(|s| Kept { kind: "etcd-snapshot", path: s.path, digest: s.digest, copies: settings.copies }))
}

async fn database(cx: &Context<'_>) -> Result<Option<Kept>, ActError> {
    let Some(settings) = database_backup::settings(cx).await? else { return Ok(None) };
    if database_backup::is_due(cx, &settings).await? {
        database_backup::backup_now(cx, &settings).await?;
    }
    let last = database_backup::last(cx).await?;
    Ok(last.map(|b| Kept { kind: "database-backup", path: b.path, digest: b.digest, copies: settings.copies }))
}

/// The file's name as its copies carry it: small letters, digits and dashes.
pub(crate) fn copy_name(kind: &str, path: &Path) -> String {
    let stem = path.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    let clean = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    let name: String = format!("{kind}-{stem}").chars().map(clean).take(63).collect();
    name.trim_matches('-').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_has_a_name_that_a_coordinator_takes() {
        let name = copy_name("etcd-snapshot", Path::new("/var/lib/x/etcd-2026-11-24T020000Z.db"));
        assert_eq!(name, "etcd-snapshot-etcd-2026-11-24t020000z-db");
        assert!(ha_domain::id::MachineName::new(&name).is_ok());
    }
}
