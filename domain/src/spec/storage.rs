//! The `storage` section: the folder that Joget's replicas share. Mounts nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{AbsolutePath, HostName, Quantity};

/// The folder that holds Joget's uploads and settings.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// How it is brought to the workers.
    pub kind: StorageKind,
    /// With `nfs`: a server the site brings; left out, the machine with the role `storage`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server: Option<HostName>,
    /// With `nfs`: the exported directory.
    pub export: AbsolutePath,
    /// With `shared` and `local`: the directory on each worker.
    pub path: AbsolutePath,
    /// The volume's size.
    pub size: Quantity,
}

/// How the folder is brought to the workers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StorageKind {
    /// NFS 4.1 from a server we run or the site brings.
    Nfs,
    /// A directory that is the same on every worker, brought by the site.
    Shared,
    /// A directory on one worker, lost with it.
    #[default]
    Local,
}

impl StorageKind {
    /// The name in the file.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nfs => "nfs",
            Self::Shared => "shared",
            Self::Local => "local",
        }
    }
}
