//! Identifiers, names and instants: newtypes that are parsed once and cannot be wrong afterwards.
//!
//! Knows nothing of how they are made (no clock, no randomness): callers pass them in.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A text that does not follow the rule of the name it should become.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{value:?} is not a valid {what}: {rule}")]
pub struct InvalidName {
    /// Which kind of name was expected.
    pub what: &'static str,
    /// The refused text, shortened to 64 characters.
    pub value: String,
    /// The rule, for a person.
    pub rule: &'static str,
}

fn label(what: &'static str, s: &str) -> Result<String, InvalidName> {
    const RULE: &str = "1 to 63 of a-z, 0-9 and '-', beginning and ending with a letter or digit";
    let ok = (1..=63).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !s.starts_with('-')
        && !s.ends_with('-');
    if ok { Ok(s.to_owned()) } else { Err(InvalidName { what, value: s.chars().take(64).collect(), rule: RULE }) }
}

macro_rules! name {
    ($(#[$doc:meta])* $ty:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "String", into = "String")]
        #[schemars(with = "String")]
        pub struct $ty(String);

        impl $ty {
            /// Parses a DNS label (RFC 1123, lower case).
            pub fn new(s: &str) -> Result<Self, InvalidName> {
                label($what, s).map(Self)
            }
            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }
        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
        impl TryFrom<String> for $ty {
            type Error = InvalidName;
            fn try_from(s: String) -> Result<Self, InvalidName> {
                Self::new(&s)
            }
        }
        impl From<$ty> for String {
            fn from(n: $ty) -> String {
                n.0
            }
        }
        impl FromStr for $ty {
            type Err = InvalidName;
            fn from_str(s: &str) -> Result<Self, InvalidName> {
                Self::new(s)
            }
        }
    };
}

name!(
    /// The site's name; also the trust domain of its certificates.
    ClusterName, "cluster name"
);
name!(
    /// A machine's name in the spec.
    MachineName, "machine name"
);
name!(
    /// An enrolled machine: `n` and the log index of its enrolment. Never used twice.
    MachineId, "machine id"
);
name!(
    /// An operator's name.
    UserName, "user name"
);
name!(
    /// A secret's name, for example `database-password`.
    SecretName, "secret name"
);
name!(
    /// A join token's public id.
    TokenId, "token id"
);

/// A coordinator replica's Raft id: the log index of its admission (1 for the first). Never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CoordinatorId(pub u64);

impl CoordinatorId {
    /// The replica that `ha-coordinator init` made: no agent installed it, so none takes it away.
    pub const FIRST: Self = Self(1);
}

impl fmt::Display for CoordinatorId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "c{}", self.0)
    }
}

/// Milliseconds since the Unix epoch, as an argument: `domain` never asks a clock.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Time(pub u64);

impl Time {
    /// This instant plus `ms` milliseconds.
    pub fn plus_ms(self, ms: u64) -> Self {
        Self(self.0.saturating_add(ms))
    }
    /// Milliseconds from `earlier` to this instant; 0 when `earlier` lies ahead.
    pub fn ms_since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// SHA-256, as 64 lower-case hex digits: of a certificate's DER, an artifact, an action's parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Digest(String);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        use sha2::{Digest as _, Sha256};
        Self(hex::encode(Sha256::digest(bytes)))
    }
    /// The 64 hex digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The first eight hex digits, for people and step ids.
    pub fn short(&self) -> &str {
        self.0.get(..8).unwrap_or(&self.0)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl TryFrom<String> for Digest {
    type Error = InvalidName;
    fn try_from(s: String) -> Result<Self, InvalidName> {
        if s.len() == 64 && s.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)) {
            Ok(Self(s))
        } else {
            let value = s.chars().take(64).collect();
            Err(InvalidName { what: "sha256", value, rule: "64 lower-case hex digits" })
        }
    }
}

impl From<Digest> for String {
    fn from(d: Digest) -> String {
        d.0
    }
}

/// Who a certificate speaks for: `spiffe://<cluster>/{agent,coordinator,operator}/<id>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Identity {
    /// The trust domain.
    pub cluster: ClusterName,
    /// The kind of program or person, and which one.
    pub subject: Subject,
}

/// The subject of a certificate.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Subject {
    /// The agent of an enrolled machine.
    Agent(MachineId),
    /// A coordinator replica.
    Coordinator(CoordinatorId),
    /// A person who uses `hactl`; what they may do is in the replicated state, not in the certificate.
    Operator(UserName),
}

impl fmt::Display for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, id) = match &self.subject {
            Subject::Agent(id) => ("agent", id.to_string()),
            Subject::Coordinator(id) => ("coordinator", id.0.to_string()),
            Subject::Operator(name) => ("operator", name.to_string()),
        };
        write!(f, "spiffe://{}/{kind}/{id}", self.cluster)
    }
}

impl FromStr for Identity {
    type Err = InvalidName;
    fn from_str(s: &str) -> Result<Self, InvalidName> {
        let bad = || InvalidName {
            what: "identity",
            value: s.chars().take(64).collect(),
            rule: "spiffe://<cluster>/agent|coordinator|operator/<id>",
        };
        let rest = s.strip_prefix("spiffe://").ok_or_else(bad)?;
        let mut parts = rest.split('/');
        let (Some(cluster), Some(kind), Some(id), None) = (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(bad());
        };
        let subject = match kind {
            "agent" => Subject::Agent(MachineId::new(id)?),
            "coordinator" => Subject::Coordinator(CoordinatorId(id.parse().map_err(|_| bad())?)),
            "operator" => Subject::Operator(UserName::new(id)?),
            _ => return Err(bad()),
        };
        Ok(Self { cluster: ClusterName::new(cluster)?, subject })
    }
}
