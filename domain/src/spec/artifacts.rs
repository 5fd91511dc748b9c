//! The `artifacts` section: where programs and images come from. Downloads nothing.

use std::collections::BTreeMap;
use std::num::NonZeroU16;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{HostName, HttpUrl};
use crate::id::{Digest, SecretName};

/// Where programs and images come from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Artifacts {
    /// A web server that holds every file at `<mirror>/<upstream host>/<upstream path>`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mirror: Option<HttpUrl>,
    /// The catalog to use instead of the built-in one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog: Option<HttpUrl>,
    /// The sha256 of `catalog`, without which it is not believed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub catalog_sha256: Option<Digest>,
    /// Whether images come from the mirror as well, so that no registry is asked.
    pub offline: bool,
    /// How many machines are prepared at once; all where it is left out. For machines that share an uplink, or one host's
    /// cores and disks: those come first that others wait for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parallel: Option<NonZeroU16>,
    /// The HTTP proxy to the outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy: Option<Proxy>,
    /// Secrets with `user:password`, by registry.
    pub registry_credentials: BTreeMap<String, SecretName>,
}

/// The HTTP proxy to the outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Proxy {
    /// Its URL.
    pub url: HttpUrl,
    /// Hosts that are reached without it; machines, VIPs and both subnets always are.
    #[serde(default)]
    pub no_proxy: Vec<HostName>,
}
