//! Kubernetes: runtime, binaries, images, nodes, pod network, ingress.

use std::collections::BTreeMap;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use super::Overrides;
use crate::catalog::Artifact;
use crate::id::Digest;

/// Where artifacts come from: upstream, or one base that stands for every upstream host.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Source {
    /// Base URL of a mirror laid out as `<base>/<host>/<path>`; absent: upstream itself.
    pub mirror: Option<String>,
    /// HTTP proxy for upstream downloads.
    pub proxy: Option<String>,
    /// Hosts, and networks in CIDR form, that are reached without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub no_proxy: Vec<String>,
    /// Never asks a registry: images must come as files.
    pub offline: bool,
}

impl Source {
    /// The proxy on the way to `host`: none to a host of `no_proxy`, nor to one below it.
    pub fn proxy_to(&self, host: &str) -> Option<&str> {
        let within =
            |known: &String| host == known || host.strip_suffix(known.as_str()).is_some_and(|h| h.ends_with('.'));
        self.proxy.as_deref().filter(|_| !self.no_proxy.iter().any(within))
    }
}

/// containerd, runc and the CNI plugins, with containerd's configuration and unit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Containerd {
    /// Where from.
    pub source: Source,
    /// Release tarball.
    pub containerd: Artifact,
    /// Static binary.
    pub runc: Artifact,
    /// Plugin tarball.
    pub cni_plugins: Artifact,
    /// Reference of the sandbox image, pinned.
    pub pause: String,
    /// containerd's `restrict_oom_score_adj`, for machines without CAP_SYS_RESOURCE.
    pub restrict_oom_score_adj: bool,
}

/// kubeadm, kubelet, kubectl with the kubelet's unit; etcdctl and etcdutl on control planes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KubernetesBinaries {
    /// Where from.
    pub source: Source,
    /// Kubernetes version, for example `1.36.3`.
    pub version: String,
    /// kubeadm binary.
    pub kubeadm: Artifact,
    /// kubelet binary.
    pub kubelet: Artifact,
    /// kubectl binary.
    pub kubectl: Artifact,
    /// etcd release tarball, of which etcdctl and etcdutl are taken; control planes only.
    pub etcd: Option<Artifact>,
}

/// Container images that must be in containerd's `k8s.io` store, each imported from a file or pulled.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Images {
    /// Where from.
    pub source: Source,
    /// The images, most urgent first.
    pub images: Vec<Artifact>,
}

/// What makes a machine this node and no other.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeIdentity {
    /// Node name, the machine's name in the spec.
    pub name: String,
    /// Node address.
    pub address: IpAddr,
    /// Whether it is a control plane.
    pub control_plane: bool,
    /// `<api VIP>:6443`, or the only control plane's address where there is no VIP.
    pub endpoint: String,
}

/// `kubeadm init` on the first control plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneInit {
    /// Which node.
    pub node: NodeIdentity,
    /// The cluster's configuration.
    pub cluster: ClusterSettings,
}

/// `kubeadm join` of a further control plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlPlaneJoin {
    /// Which node.
    pub node: NodeIdentity,
    /// sha256 of the cluster CA's SubjectPublicKeyInfo, as a control plane reported it.
    pub ca_pin: Digest,
    /// Which pair of join secrets is used: 0 came with init, others with [`JoinCredentials`].
    #[serde(default)]
    pub credentials: u64,
    /// kubeadm's preflight checks that the operator switched off.
    pub ignore_preflight: Vec<String>,
}

/// `kubeadm join` of a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WorkerJoin {
    /// Which node.
    pub node: NodeIdentity,
    /// sha256 of the cluster CA's SubjectPublicKeyInfo.
    pub ca_pin: Digest,
    /// Which pair of join secrets is used: 0 came with init, others with [`JoinCredentials`].
    #[serde(default)]
    pub credentials: u64,
    /// kubeadm's preflight checks that the operator switched off.
    pub ignore_preflight: Vec<String>,
}

/// What kubeadm's ClusterConfiguration, KubeletConfiguration and KubeProxyConfiguration are made from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ClusterSettings {
    /// Kubernetes version, for example `1.36.3`.
    pub version: String,
    /// Pod network.
    pub pod_subnet: String,
    /// Service network.
    pub service_subnet: String,
    /// Tag of the etcd image, for example `3.6.16-0`.
    pub etcd_tag: String,
    /// Tag of the CoreDNS image, for example `v1.14.6`.
    pub coredns_tag: String,
    /// Names and addresses for the API server's certificate.
    pub cert_sans: Vec<String>,
    /// Extra arguments of the API server.
    pub api_server_args: BTreeMap<String, String>,
    /// Overrides of KubeletConfiguration.
    pub kubelet: Overrides,
    /// kube-proxy's mode.
    pub proxy_mode: String,
    /// Overrides of KubeProxyConfiguration.
    pub proxy: Overrides,
    /// kubeadm's preflight checks that the operator switched off.
    pub ignore_preflight: Vec<String>,
}

/// Fresh bootstrap token and uploaded certificates, valid two hours, made through a working control plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct JoinCredentials {
    /// Counts renewals: each is a new pair of secrets.
    pub generation: u64,
}

/// flannel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// Pod network.
    pub pod_subnet: String,
    /// Reference of the flannel image.
    pub flannel_image: String,
    /// Reference of the image that carries flannel's CNI plugin.
    pub cni_plugin_image: String,
}

/// Labels and taints that nodes carry because of the spec.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeLabels {
    /// Node name to its labels.
    pub nodes: BTreeMap<String, BTreeMap<String, String>>,
}

/// Traefik as a DaemonSet on the workers' ports 80 and 443.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Ingress {
    /// Reference of the image.
    pub image: String,
    /// Addresses whose PROXY protocol header is believed: the load balancers.
    pub trusted_proxies: Vec<IpAddr>,
    /// Port of the health check on each worker.
    pub health_port: u16,
    /// Number of workers it must answer on before it counts as converged.
    pub workers: u32,
}

/// The certificate that the ingress presents, as the Kubernetes secret `joget-tls`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct IngressTls {
    /// Host name it is for.
    pub host: String,
    /// Serial of this certificate among those made for the site: a renewal counts up.
    pub generation: u64,
}

/// etcd snapshots by the agent of this control plane, verified with etcdutl and copied to two coordinators.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct EtcdSnapshots {
    /// Minutes between snapshots.
    pub every_minutes: u32,
    /// How many are kept.
    pub keep: u32,
    /// On how many other machines each is kept.
    pub copies: u32,
}

/// Cordon and drain a node, through a control plane.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Drain {
    /// Node name.
    pub node: String,
    /// Seconds it may take before what blocks it is named.
    pub timeout_seconds: u32,
}

/// Tell the cluster that a node is out of service, so that its pods are let go and start elsewhere; or that it is back.
/// Only for a machine that is off: what still runs there is not asked.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct OutOfService {
    /// Node name.
    pub node: String,
    /// Whether it is out of service.
    pub out: bool,
}

/// Delete a node through another control plane: its etcd member first (by name and peer URL), then the Node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RemoveNode {
    /// Node name.
    pub node: String,
    /// Its address, which its etcd member's peer URL must match; absent for a worker.
    pub etcd_peer: Option<IpAddr>,
}
