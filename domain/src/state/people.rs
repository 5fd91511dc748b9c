//! Who may come in: tokens, certificates, operators, sealed secrets.

use serde::{Deserialize, Serialize};

use crate::id::{Digest, Identity, MachineName, Time, UserName};
use crate::spec;

/// A join or login token. The secret itself is never kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenRecord {
    /// sha256 of the secret.
    pub secret: Digest,
    /// For whom.
    pub purpose: TokenPurpose,
    /// Uses left.
    pub uses: u32,
    /// Until when.
    pub expires: Time,
    /// Wrong secrets presented; at five the token is burnt.
    pub failures: u32,
}

/// For whom a token is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "kebab-case")]
pub enum TokenPurpose {
    /// Any machine (the string that `init` prints).
    AnyMachine,
    /// One machine.
    Machine {
        /// Its name in the spec.
        name: MachineName,
        /// Its role in the spec, if bound to one.
        role: Option<spec::Role>,
    },
    /// A coordinator replica on this machine.
    Coordinator {
        /// The machine's name in the spec.
        name: MachineName,
    },
    /// An operator's login.
    Operator {
        /// Who.
        name: UserName,
    },
}

/// A certificate that counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRecord {
    /// For whom.
    pub identity: Identity,
    /// Until when.
    pub not_after: Time,
}

/// What an operator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Looks.
    Reader,
    /// Looks and changes the site.
    Operator,
    /// Also users, tokens and secrets.
    Admin,
}

impl Role {
    /// Parses `admin`, `operator` or `reader`.
    pub fn parse(s: &str) -> Option<Self> {
        match s {
            "reader" => Some(Self::Reader),
            "operator" => Some(Self::Operator),
            "admin" => Some(Self::Admin),
            _ => None,
        }
    }
    /// One word for screens.
    pub fn word(self) -> &'static str {
        match self {
            Self::Reader => "reader",
            Self::Operator => "operator",
            Self::Admin => "admin",
        }
    }
}

/// An operator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserRecord {
    /// What they may do.
    pub role: Role,
    /// Since when.
    pub at: Time,
}

/// A sealed secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecretRecord {
    /// Sealed, in hex.
    pub sealed: String,
    /// When it was set.
    pub at: Time,
    /// By whom.
    pub by: String,
    /// Counts up with each change.
    pub generation: u64,
}
