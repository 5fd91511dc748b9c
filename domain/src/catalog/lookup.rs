//! Looking things up in the catalog. A miss is an error that lists what is known.

use semver::Version;

use super::{Arch, Artifact, ArtifactKind, Catalog};
use crate::spec::value::ImageReference;

/// The catalog has no such thing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the catalog has no {what} {version}{for_arch}; known: {}", list(known))]
pub struct Unknown {
    /// What was asked for.
    pub what: String,
    /// The version, tag or words that were asked for.
    pub version: String,
    for_arch: String,
    /// The versions of it that the catalog has.
    pub known: Vec<String>,
}

fn list(known: &[String]) -> String {
    if known.is_empty() { "none".to_owned() } else { known.join(", ") }
}

impl Catalog {
    /// The file `name` of `version` for `arch`.
    ///
    /// # Errors
    /// It is not in the catalog; the error lists the versions that are.
    pub fn artifact(&self, name: &str, version: &str, arch: Arch) -> Result<&Artifact, Unknown> {
        let wanted =
            |a: &&Artifact| a.kind == ArtifactKind::File && a.name == name && a.version == version && a.arch == arch;
        self.artifacts.iter().find(wanted).ok_or_else(|| self.unknown(name, version, Some(arch)))
    }

    /// The archive of the image `reference` for `arch`, matched by repository and tag.
    ///
    /// # Errors
    /// It is not in the catalog; the error lists the tags that are.
    pub fn image(&self, reference: &ImageReference, arch: Arch) -> Result<&Artifact, Unknown> {
        let (name, tag) = (reference.repository(), reference.tag().unwrap_or_default());
        let wanted =
            |a: &&Artifact| a.kind == ArtifactKind::Image && a.name == name && a.version == tag && a.arch == arch;
        self.artifacts.iter().find(wanted).ok_or_else(|| self.unknown(name, tag, Some(arch)))
    }

    /// The Kubernetes versions that can be installed: those with a kubeadm, oldest first.
    pub fn kubernetes_versions(&self) -> Vec<Version> {
        let kubeadm = self.artifacts.iter().filter(|a| a.kind == ArtifactKind::File && a.name == "kubeadm");
        let mut versions: Vec<Version> = kubeadm.filter_map(|a| Version::parse(&a.version).ok()).collect();
        versions.sort();
        versions.dedup();
        versions
    }

    pub(super) fn unknown_kubernetes(&self, version: &Version) -> Unknown {
        Unknown {
            what: "Kubernetes".to_owned(),
            version: version.to_string(),
            for_arch: String::new(),
            known: self.kubernetes_versions().iter().map(ToString::to_string).collect(),
        }
    }

    pub(super) fn unknown(&self, name: &str, version: &str, arch: Option<Arch>) -> Unknown {
        let same = self.artifacts.iter().filter(|a| a.name == name && arch.is_none_or(|arch| a.arch == arch));
        let mut known: Vec<String> = same.map(|a| a.version.clone()).collect();
        known.sort();
        known.dedup();
        let for_arch = arch.map(|a| format!(" for {a}")).unwrap_or_default();
        Unknown { what: name.to_owned(), version: version.to_owned(), for_arch, known }
    }
}
