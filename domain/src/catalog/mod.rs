//! The catalog: what can be installed, pinned by sha256, and which parts belong to which Kubernetes.
//!
//! Parsed from `catalog.yaml` of a mirror, or the one that is built in. Downloads and installs nothing.

mod components;
mod lookup;
mod read;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

pub use components::Components;
pub use lookup::Unknown;
pub use read::InvalidCatalog;

use crate::id::Digest;
use crate::spec::value::HttpUrl;

/// Everything that can be installed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Catalog {
    /// Files and images.
    pub artifacts: Vec<Artifact>,
    /// Which parts belong to which Kubernetes; what is left out is derived from `artifacts`.
    #[serde(default)]
    pub kubernetes: Vec<Components>,
}

/// One file or image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Artifact {
    /// For a file the program's name, for an image its repository with the registry.
    pub name: String,
    /// For a file the version without `v`, for an image its tag.
    pub version: String,
    /// `amd64` or `arm64`.
    pub arch: Arch,
    /// What it is.
    pub kind: ArtifactKind,
    /// For a file its upstream URL, for an image its reference.
    pub url: String,
    /// Where it lies below the mirror; left out, the URL without its scheme.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// Its sha256. Only an image may lack one: its registry's own digest then has to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Digest>,
    /// Bytes; left out where upstream does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
}

/// What an artifact is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ArtifactKind {
    /// A program or an archive of programs.
    File,
    /// A container image: an archive on a mirror, or a reference into a registry.
    Image,
}

/// A machine's architecture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Arch {
    /// x86-64.
    Amd64,
    /// 64-bit ARM.
    Arm64,
}

impl Arch {
    /// The word upstream uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }
}

impl std::fmt::Display for Arch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

impl Artifact {
    /// The path below a mirror: the declared one, else the URL without its scheme.
    pub fn mirror_path(&self) -> &str {
        let without_scheme = self.url.split_once("://").map_or(self.url.as_str(), |(_, rest)| rest);
        self.path.as_deref().unwrap_or(without_scheme)
    }

    /// Whether it is an image without an archive: its registry is asked for it by reference.
    pub fn is_pulled(&self) -> bool {
        self.kind == ArtifactKind::Image && self.sha256.is_none()
    }

    /// Where to download it: below `mirror` if there is one, else upstream. An image without a mirror is pulled, not downloaded.
    pub fn download_url(&self, mirror: Option<&HttpUrl>) -> Option<String> {
        if self.is_pulled() {
            return None;
        }
        match (mirror, self.kind) {
            (Some(base), _) => Some(base.join(self.mirror_path())),
            (None, ArtifactKind::File) => Some(self.url.clone()),
            (None, ArtifactKind::Image) => None,
        }
    }
}

/// A Kubernetes version's minor, for example `(1, 36)`.
pub(crate) fn minor(v: &Version) -> (u64, u64) {
    (v.major, v.minor)
}
