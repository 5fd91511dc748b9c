//! Which replica a data folder belongs to. Whoever answers for votes under an id must still have them: a folder that
//! lost its file, or its name, may never speak under its old id again. Knows nothing of the log's content.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use ha_domain::id::{ClusterName, CoordinatorId};
use serde::{Deserialize, Serialize};

use super::error::OpenError;

const FILE: &str = "identity.json";
const DATABASE: &str = "store.redb";

/// Whose folder it is; kept both in a file of its own and inside the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Identity {
    /// Of this format.
    version: u32,
    pub(super) cluster: ClusterName,
    pub(super) id: CoordinatorId,
    pub(super) origin: Origin,
}

/// How the replica came to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Origin {
    /// The cluster began with it.
    Founder,
    /// It waits to be admitted by the others.
    Joiner,
}

impl Identity {
    pub(super) fn new(cluster: ClusterName, id: CoordinatorId, origin: Origin) -> Self {
        Self { version: 1, cluster, id, origin }
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Checks that this identity is the one asked for.
    pub(super) fn expect(&self, cluster: &ClusterName, id: CoordinatorId) -> Result<(), OpenError> {
        if self.cluster != *cluster {
            return Err(OpenError::OtherCluster { found: self.cluster.clone(), wanted: cluster.clone() });
        }
        if self.id != id {
            return Err(OpenError::OtherId { found: self.id, wanted: id });
        }
        Ok(())
    }
}

/// The database file in `dir`.
pub(super) fn database(dir: &Path) -> PathBuf {
    dir.join(DATABASE)
}

/// Makes the folder for a new replica; refuses one that has been used.
pub(super) fn claim(dir: &Path) -> Result<(), OpenError> {
    if dir.join(FILE).exists() || database(dir).exists() {
        return Err(OpenError::InUse { dir: dir.to_owned() });
    }
    fs::DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io_error(dir))
}

/// Writes the identity file; from then on the folder counts as a replica.
pub(super) fn write(dir: &Path, identity: &Identity) -> Result<(), OpenError> {
    let path = dir.join(FILE);
    let fresh = dir.join("identity.new");
    let written = || -> io::Result<()> {
        let mut file = fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
        file.write_all(&identity.to_bytes())?;
        file.sync_all()?;
        fs::rename(&fresh, &path)?;
        fs::File::open(dir)?.sync_all()
    };
    written().map_err(io_error(&path))
}

/// Reads the identity file of a folder that should hold a replica.
pub(super) fn read(dir: &Path) -> Result<Identity, OpenError> {
    let path = dir.join(FILE);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            return Err(OpenError::IdentityMissing { dir: dir.to_owned() });
        }
        Err(e) => return Err(io_error(&path)(e)),
    };
    let identity = parse(&bytes)?;
    if !database(dir).exists() {
        return Err(OpenError::EmptyDisk { id: identity.id });
    }
    Ok(identity)
}

/// Reads an identity from bytes.
pub(super) fn parse(bytes: &[u8]) -> Result<Identity, OpenError> {
    let identity: Identity = serde_json::from_slice(bytes).map_err(|e| OpenError::Damaged(format!("identity: {e}")))?;
    if identity.version != 1 {
        return Err(OpenError::Damaged(format!(
            "identity: version {}, this program reads version 1",
            identity.version
        )));
    }
    Ok(identity)
}

fn io_error(path: &Path) -> impl Fn(io::Error) -> OpenError {
    let path = path.to_owned();
    move |source| OpenError::Io { path: path.clone(), source }
}
