//! The `notify` section: who is told. Sends nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::value::{HostName, HttpUrl};
use crate::id::SecretName;

/// Who is told when a person is needed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Notify {
    /// A JSON document is posted here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook: Option<HttpUrl>,
    /// A mail is sent through this server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub smtp: Option<Smtp>,
}

/// A mail server and who writes to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Smtp {
    /// The server.
    pub server: HostName,
    /// Its port.
    #[serde(default = "super::defaults::smtp_port")]
    pub port: u16,
    /// The sender.
    pub from: String,
    /// The receivers.
    pub to: Vec<String>,
    /// The user, if the server asks for one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The secret that holds the password.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<SecretName>,
}
