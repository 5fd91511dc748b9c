//! Reading a catalog and refusing one that cannot be trusted: duplicates, bad digests, paths that leave the mirror.

use super::{Artifact, ArtifactKind, Catalog};
use crate::spec::value::{HttpUrl, ImageReference};

/// A catalog larger than this is not read.
const MAX_BYTES: usize = 4 << 20;

/// Why a catalog is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidCatalog {
    /// It is larger than a catalog can be.
    #[error("the catalog has {0} bytes, more than {MAX_BYTES}: is this the right file?")]
    TooLarge(usize),
    /// It is no YAML, or not of the catalog's shape.
    #[error("the catalog cannot be read: {0}")]
    Unreadable(String),
    /// An entry breaks a rule.
    #[error("the catalog's entry {name} {version}: {rule}")]
    Entry {
        /// The entry's name.
        name: String,
        /// The entry's version.
        version: String,
        /// What is wrong and what would be right.
        rule: &'static str,
    },
}

impl Catalog {
    /// The catalog that is built in: upstream's URLs and digests.
    #[expect(clippy::expect_used, reason = "the file is compiled in and a test reads it")]
    pub fn built_in() -> Self {
        Self::parse(include_str!("default.yaml")).expect("the built-in catalog is well formed")
    }

    /// Reads a catalog and checks every entry.
    ///
    /// # Errors
    /// The first thing that is wrong with it: a catalog is written by a program, so one is enough.
    pub fn parse(text: &str) -> Result<Self, InvalidCatalog> {
        if text.len() > MAX_BYTES {
            return Err(InvalidCatalog::TooLarge(text.len()));
        }
        let options = serde_saphyr::options! { strict_booleans: true, with_snippet: false };
        let catalog: Self = serde_saphyr::from_str_with_options(text, options)
            .map_err(|e| InvalidCatalog::Unreadable(e.to_string()))?;
        catalog.artifacts.iter().try_for_each(entry)?;
        catalog.no_duplicates()?;
        Ok(catalog)
    }

    fn no_duplicates(&self) -> Result<(), InvalidCatalog> {
        let mut seen = std::collections::BTreeSet::new();
        let twice = self.artifacts.iter().find(|a| !seen.insert((a.kind, &a.name, &a.version, a.arch)));
        twice.map_or(Ok(()), |a| Err(refuse(a, "it is there twice; one name, version and arch has one digest")))
    }
}

fn entry(a: &Artifact) -> Result<(), InvalidCatalog> {
    if a.path.as_deref().is_some_and(leaves_the_mirror) {
        return Err(refuse(a, "path must be relative, without '.', '..' or empty parts"));
    }
    match a.kind {
        ArtifactKind::File if HttpUrl::parse(&a.url).is_err() => Err(refuse(a, "url must be an http(s) URL")),
        ArtifactKind::File if leaves_the_mirror(a.mirror_path()) => Err(refuse(a, "url must not contain '.' or '..'")),
        ArtifactKind::File if a.sha256.is_none() => Err(refuse(a, "a file needs its sha256")),
        ArtifactKind::Image if !names_itself(a) => Err(refuse(a, "url must be the image reference NAME:VERSION")),
        ArtifactKind::Image if a.path.is_some() && a.sha256.is_none() => {
            Err(refuse(a, "an archive on a mirror needs its sha256"))
        }
        ArtifactKind::File | ArtifactKind::Image => Ok(()),
    }
}

fn names_itself(a: &Artifact) -> bool {
    ImageReference::parse(&a.url).is_ok_and(|r| r.repository() == a.name && r.tag() == Some(a.version.as_str()))
}

fn leaves_the_mirror(path: &str) -> bool {
    path.contains('\\') || path.split('/').any(|part| part.is_empty() || part == "." || part == "..")
}

fn refuse(a: &Artifact, rule: &'static str) -> InvalidCatalog {
    InvalidCatalog::Entry { name: a.name.clone(), version: a.version.clone(), rule }
}
