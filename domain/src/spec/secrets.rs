//! The `secrets` section: names of secrets, never secrets. They are generated, or set with `hactl secret set`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::id::SecretName;

/// The names under which the site's secrets are kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Secrets {
    /// The password of Joget's database user; generated.
    pub database_password: SecretName,
    /// The password of the database's replication user; generated.
    pub replication_password: SecretName,
    /// The first password of Joget's administrator; generated.
    pub joget_admin_password: SecretName,
    /// With `ingress.tls: files`: the certificate chain, PEM; set by the operator.
    pub ingress_certificate: SecretName,
    /// With `ingress.tls: files`: its key, PEM; set by the operator.
    pub ingress_key: SecretName,
}
