//! The `ingress` section. Knows nothing of manifests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What brings the users' requests to Joget.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Ingress {
    /// Which controller.
    pub kind: IngressKind,
    /// Where the certificate comes from.
    pub tls: IngressTls,
}

/// The ingress controller.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IngressKind {
    /// Traefik as a DaemonSet on host ports of the workers.
    #[default]
    Traefik,
}

/// Where the ingress's certificate comes from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum IngressTls {
    /// Issued and renewed by the site's own CA.
    #[default]
    SiteCa,
    /// The operator's, set as the secrets `secrets.ingressCertificate` and `secrets.ingressKey`.
    Files,
    /// No TLS: plain HTTP only.
    Off,
}
