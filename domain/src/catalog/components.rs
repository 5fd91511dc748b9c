//! Which parts belong to which Kubernetes: a table, and what is derived where it has no row.

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};

use super::{ArtifactKind, Catalog, Unknown, minor};
use crate::spec::value::ImageReference;

/// The parts of one Kubernetes version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Components {
    /// The Kubernetes version.
    #[schemars(with = "String")]
    pub kubernetes: Version,
    /// The etcd archive's version (etcdctl and etcdutl).
    pub etcd: String,
    /// The etcd image.
    pub etcd_image: ImageReference,
    /// The CoreDNS image.
    pub coredns: ImageReference,
    /// The pause image.
    pub pause: ImageReference,
    /// containerd's version.
    pub containerd: String,
    /// runc's version.
    pub runc: String,
    /// The CNI plugins' version.
    pub cni_plugins: String,
    /// The flannel image.
    pub flannel: ImageReference,
    /// The image flannel's CNI plugin is copied from.
    pub flannel_cni_plugin: ImageReference,
    /// The Traefik image.
    pub traefik: ImageReference,
}

const PROGRAMS: [&str; 4] = ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy"];

/// The etcd minor that a Kubernetes minor runs with.
const ETCD_OF: [((u64, u64), (u64, u64)); 2] = [((1, 36), (3, 6)), ((1, 37), (3, 7))];

impl Components {
    /// The images of the control plane: three programs, etcd and pause.
    pub fn control_plane_images(&self) -> Vec<ImageReference> {
        let mut images: Vec<_> = PROGRAMS[..3].iter().filter_map(|p| self.program(p)).collect();
        images.extend([self.etcd_image.clone(), self.pause.clone()]);
        images
    }

    /// The images every node runs: kube-proxy, pause, CoreDNS, flannel's two.
    pub fn node_images(&self) -> Vec<ImageReference> {
        let mut images: Vec<_> = self.program(PROGRAMS[3]).into_iter().collect();
        let rest = [&self.pause, &self.coredns, &self.flannel, &self.flannel_cni_plugin];
        images.extend(rest.into_iter().cloned());
        images
    }

    fn program(&self, name: &str) -> Option<ImageReference> {
        ImageReference::parse(&format!("registry.k8s.io/{name}:v{}", self.kubernetes)).ok()
    }
}

impl Catalog {
    /// The parts that belong to `version`: the table's row, else the newest fitting artifacts.
    ///
    /// # Errors
    /// `version` or one of its parts is not in the catalog; the error lists what is.
    pub fn components_for(&self, version: &Version) -> Result<Components, Unknown> {
        if !self.kubernetes_versions().contains(version) {
            return Err(self.unknown_kubernetes(version));
        }
        let row = self.kubernetes.iter().find(|c| c.kubernetes == *version);
        row.cloned().map_or_else(|| self.derived(version), Ok)
    }

    fn derived(&self, version: &Version) -> Result<Components, Unknown> {
        let etcd_minor = ETCD_OF.iter().find(|(k8s, _)| *k8s == minor(version)).map(|(_, etcd)| *etcd);
        let fits = |v: &Version| etcd_minor.is_none_or(|m| m == (v.major, v.minor));
        let any = |_: &Version| true;
        Ok(Components {
            kubernetes: version.clone(),
            etcd: self.newest("etcd", ArtifactKind::File, &fits)?,
            etcd_image: self.newest_image("registry.k8s.io/etcd", &fits)?,
            coredns: self.newest_image("registry.k8s.io/coredns/coredns", &any)?,
            pause: self.newest_image("registry.k8s.io/pause", &any)?,
            containerd: self.newest("containerd", ArtifactKind::File, &any)?,
            runc: self.newest("runc", ArtifactKind::File, &any)?,
            cni_plugins: self.newest("cni-plugins", ArtifactKind::File, &any)?,
            flannel: self.newest_image("ghcr.io/flannel-io/flannel", &any)?,
            flannel_cni_plugin: self.newest_image("ghcr.io/flannel-io/flannel-cni-plugin", &any)?,
            traefik: self.newest_image("docker.io/library/traefik", &any)?,
        })
    }

    fn newest_image(&self, repository: &str, fits: &dyn Fn(&Version) -> bool) -> Result<ImageReference, Unknown> {
        let tag = self.newest(repository, ArtifactKind::Image, fits)?;
        let reference = format!("{repository}:{tag}");
        ImageReference::parse(&reference).map_err(|_| self.unknown(repository, &tag, None))
    }

    fn newest(&self, name: &str, kind: ArtifactKind, fits: &dyn Fn(&Version) -> bool) -> Result<String, Unknown> {
        let named = self.artifacts.iter().filter(|a| a.name == name && a.kind == kind);
        let versions = named.filter_map(|a| release(&a.version).filter(|v| fits(v)).map(|v| (v, &a.version)));
        let newest = versions.max_by(|a, b| a.0.cmp(&b.0));
        newest.map(|(_, text)| text.clone()).ok_or_else(|| self.unknown(name, "a fitting version", None))
    }
}

/// `v3.6.16-0`, `1.9.1-flannel1` and `3.10.2` as versions to compare by; what follows the patch does not count.
fn release(text: &str) -> Option<Version> {
    let text = text.strip_prefix('v').unwrap_or(text);
    Version::parse(text.split('-').next().unwrap_or_default()).ok()
}
