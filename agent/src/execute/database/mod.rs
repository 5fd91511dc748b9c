//! The database server of the distribution: installed, secured, sized, with TLS.
//!
//! Knows nothing of schemas and users, which the next action makes, nor of what is in them.

pub(super) mod mariadb;
pub(super) mod postgresql;
pub(super) mod scram;
pub(super) mod sql;

use std::path::{Path, PathBuf};

use ha_domain::id::Digest;
use ha_domain::spec::DatabaseKind;
use ha_domain::step::{CredentialKind, Database};
use serde::{Deserialize, Serialize};

use super::rendered::{self, run_ok};
use super::{ActError, Context, Probe, address, service};
use crate::host::{Command, UnitVerb};

/// Looks.
pub(super) async fn probe(a: &Database, cx: &Context<'_>) -> Result<Probe, ActError> {
    match a.kind {
        DatabaseKind::MariaDb => mariadb::probe(a, cx).await,
        DatabaseKind::PostgreSql => postgresql::probe(a, cx).await,
    }
}

/// Acts.
pub(super) async fn act(a: &Database, cx: &Context<'_>) -> Result<(), ActError> {
    fits(a, cx.host.facts().await?.memory_mib)?;
    match a.kind {
        DatabaseKind::MariaDb => mariadb::act(a, cx).await,
        DatabaseKind::PostgreSql => postgresql::act(a, cx).await,
    }
}

/// A server starts with a cache larger than the memory, and is killed on the day it fills.
fn fits(a: &Database, memory_mib: u64) -> Result<(), ActError> {
    let most = memory_mib * 3 / 4;
    let text = || {
        format!("database.bufferPool: {} MiB do not fit into {memory_mib} MiB of memory; at most {most}", a.cache_mib)
    };
    if memory_mib == 0 || a.cache_mib <= most { Ok(()) } else { Err(ActError::Refused(text())) }
}

/// Who may connect, for the action that makes the accounts.
const RECORD: &str = "/etc/ha-mesh/database.json";

/// What the server's action leaves for those after it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Record {
    /// Addresses and networks.
    pub(super) allow: Vec<String>,
}

fn record(a: &Database) -> Result<String, ActError> {
    if let Some(odd) = a.allow.iter().find(|text| address::network(text).is_none()) {
        return Err(ActError::Refused(format!("database: {odd:?} is neither an address nor a network")));
    }
    let record = Record { allow: a.allow.clone() };
    Ok(serde_json::to_string_pretty(&record).unwrap_or_default() + "\n")
}

/// What the server's action left.
pub(super) async fn read_record(cx: &Context<'_>) -> Result<Record, ActError> {
    let content = cx.host.read(Path::new(RECORD)).await?;
    content.and_then(|c| serde_json::from_slice(&c).ok()).ok_or_else(|| {
        ActError::Refused(format!("{RECORD} is missing or damaged: the database server's own step comes first"))
    })
}

/// Settings by the server's own names. Only their shape is checked here: what they mean the server itself judges.
fn settings(a: &Database) -> Result<Vec<(String, String)>, ActError> {
    let name = |n: &str| !n.is_empty() && n.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b));
    let odd = a.settings.iter().find(|(n, value)| !name(n) || value.contains(|c: char| c.is_control()));
    match odd {
        Some((n, _)) => {
            Err(ActError::Refused(format!("database.settings: {n:?} is not a name and a value on one line")))
        }
        None => Ok(a.settings.clone().into_iter().collect()),
    }
}

/// The server's certificate and key: where they lie, and who reads them.
struct Tls<'a> {
    chain: &'a Path,
    key: &'a Path,
    owner: &'a str,
}

impl Tls<'_> {
    /// What is wrong; without credentials only whether the files are there.
    async fn trouble(&self, a: &Database, cx: &Context<'_>) -> Result<Option<String>, ActError> {
        if !a.tls {
            return Ok(None);
        }
        let wanted = [(self.chain, CredentialKind::DatabaseCertificate), (self.key, CredentialKind::DatabaseKey)];
        for (path, kind) in wanted {
            let Some(there) = cx.host.read(path).await? else {
                return Ok(Some(format!("{} is missing", path.display())));
            };
            if cx.credential(kind).is_ok_and(|new| new.as_bytes() != there) {
                return Ok(Some(format!("{} is not the certificate's newest", path.display())));
            }
        }
        Ok(None)
    }

    /// Puts both in place, readable by the server alone. Returns whether anything changed. Without the secrets, what is there
    /// stays: the agent repairs the rest of a server by itself.
    async fn put(&self, a: &Database, cx: &Context<'_>) -> Result<bool, ActError> {
        if !a.tls {
            return Ok(false);
        }
        let wanted = [(self.chain, CredentialKind::DatabaseCertificate), (self.key, CredentialKind::DatabaseKey)];
        let mut changed = false;
        for (path, kind) in wanted {
            let secret = cx.credential(kind);
            if secret.is_err() && cx.host.stat(path).await?.is_some() {
                continue;
            }
            changed |= rendered::put_validated(cx, path, secret?.as_bytes(), 0o600, None).await?;
            let path = path.to_string_lossy();
            run_ok(cx, Command::new("chown", &[self.owner, &path])).await?;
        }
        Ok(changed)
    }

    /// Tells the running server's certificate from another; empty without TLS.
    async fn digest(&self, a: &Database, cx: &Context<'_>) -> Result<String, ActError> {
        let digest = if a.tls { cx.host.digest(self.chain).await? } else { None };
        Ok(digest.as_ref().map(Digest::to_string).unwrap_or_default())
    }
}

/// A rendered configuration of a server, and the unit that takes it up by starting anew.
struct Config {
    path: PathBuf,
    content: String,
    unit: String,
}

impl Config {
    /// Starts the server with its configuration, anew where it ran with another. If it does not come up, what was in place
    /// before is put back and started, and the error says so.
    async fn take_up(&self, cx: &Context<'_>, before: Option<Vec<u8>>) -> Result<(), ActError> {
        let Err(refused) = service::bring(cx, &self.unit, UnitVerb::Restart).await else { return Ok(()) };
        let Some(before) = before.filter(|b| b != self.content.as_bytes()) else { return Err(refused) };
        rendered::put_validated(cx, &self.path, &before, 0o644, None).await?;
        service::bring(cx, &self.unit, UnitVerb::Restart).await?;
        Err(ActError::Invalid { program: self.unit.clone(), said: refused.to_string() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cache_that_does_not_fit_into_the_memory_is_refused() {
        let a = mariadb::tests::wanted();
        assert!(fits(&a, 600).unwrap_err().to_string().contains("512 MiB do not fit"));
        assert!(fits(&a, 1024).is_ok() && fits(&a, 0).is_ok());
    }
}
