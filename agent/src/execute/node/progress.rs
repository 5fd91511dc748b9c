//! How far this machine came in becoming a node: written down before and after kubeadm.
//!
//! Knows nothing of kubeadm.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::super::{ActError, Context};
use crate::host::NewFile;
use crate::ledger::Owned;

const PATH: &str = "/var/lib/ha-mesh/node.json";

/// How far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(in super::super) enum Phase {
    /// kubeadm may have started.
    Begun,
    /// kubeadm ended well.
    Done,
}

/// What is written down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(in super::super) struct Progress {
    /// How far.
    pub phase: Phase,
    /// Node name.
    pub node: String,
}

/// What was written down; `None` where kubeadm was never started by us. It is written atomically: only a failing disk
/// damages it, and then nothing here may be believed.
pub(in super::super) async fn read(cx: &Context<'_>) -> Result<Option<Progress>, ActError> {
    let Some(bytes) = cx.host.read(Path::new(PATH)).await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|e| {
        ActError::Refused(format!("{PATH} is damaged: {e}; check the disk, then remove this node and join it again"))
    })
}

pub(super) async fn write(cx: &Context<'_>, phase: Phase, node: &str) -> Result<(), ActError> {
    let content = serde_json::to_vec(&Progress { phase, node: node.to_owned() }).unwrap_or_default();
    cx.ledger.own_file(cx.host, Path::new(PATH), Owned::File).await?;
    Ok(cx.host.write(NewFile { path: Path::new(PATH), content: &content, mode: 0o644 }).await?)
}

/// Strikes it out: this machine is no node any more.
pub(in super::super) async fn clear(cx: &Context<'_>) -> Result<(), ActError> {
    cx.host.remove(Path::new(PATH)).await?;
    Ok(cx.ledger.forget(cx.host, Path::new(PATH)).await?)
}
