//! The `kubernetes` and `containerd` sections. Knows nothing of how kubeadm is told.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use semver::Version;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::value::{Cidr, HostName};

/// Which Kubernetes, and what differs from its defaults.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Kubernetes {
    /// The version, for example `1.36.4`; one that the catalog knows.
    #[schemars(with = "String")]
    pub version: Version,
    /// The pods' network. Cannot be changed once the cluster stands.
    #[serde(default = "super::defaults::pod_subnet")]
    pub pod_subnet: Cidr,
    /// The services' network. Cannot be changed once the cluster stands.
    #[serde(default = "super::defaults::service_subnet")]
    pub service_subnet: Cidr,
    /// The pod network's program.
    #[serde(default)]
    pub cni: Cni,
    /// Merged into `KubeletConfiguration` (kubelet.config.k8s.io/v1beta1) of every node.
    #[serde(default)]
    pub kubelet: Map<String, Value>,
    /// The API server's extra arguments and names.
    #[serde(default)]
    pub api_server: ApiServer,
    /// How kube-proxy programs the kernel.
    #[serde(default)]
    pub proxy_mode: ProxyMode,
    /// Merged into `KubeProxyConfiguration` (kubeproxy.config.k8s.io/v1alpha1).
    #[serde(default)]
    pub proxy: Map<String, Value>,
}

/// The pod network's program.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Cni {
    /// flannel with vxlan.
    #[default]
    Flannel,
}

/// How kube-proxy programs the kernel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ProxyMode {
    /// nftables, kernel 5.13 or newer.
    #[default]
    Nftables,
    /// iptables, for older kernels.
    Iptables,
}

impl ProxyMode {
    /// The word kube-proxy uses.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nftables => "nftables",
            Self::Iptables => "iptables",
        }
    }
}

/// The API server's extra arguments and names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct ApiServer {
    /// Arguments without the leading dashes, for example `audit-log-maxage: "30"`.
    pub extra_args: BTreeMap<String, String>,
    /// Names and addresses its certificate carries besides the VIP and the control planes.
    #[serde(rename = "certSANs")]
    pub cert_sans: Vec<HostName>,
}

/// What differs from containerd's usual configuration.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Containerd {
    /// For machines whose root lacks `CAP_SYS_RESOURCE`: containers keep the OOM score they can get.
    pub restrict_oom_score_adj: bool,
}
