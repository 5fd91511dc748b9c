//! A container image's reference. Pulls nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, text_value};
use crate::id::InvalidName;

/// `REGISTRY/REPOSITORY:TAG`, `REGISTRY/REPOSITORY@sha256:DIGEST`, or both; the registry is written out.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ImageReference(String);

const RULE: &str = "REGISTRY/REPOSITORY:TAG or @sha256:DIGEST with the registry written out, for example docker.io/library/traefik:v3.7.13";

impl ImageReference {
    /// Parses the reference; a missing registry or tag is refused since its meaning would depend on the machine.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let this = Self(s.to_owned());
        let tag_ok = this.tag().is_none_or(is_tag);
        let digest_ok = this.digest().is_none_or(is_digest);
        let pinned = this.tag().is_some() || this.digest().is_some();
        if pinned && tag_ok && digest_ok && is_repository(this.repository()) {
            Ok(this)
        } else {
            Err(invalid("image reference", s, RULE))
        }
    }

    /// The reference as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
    /// The registry's host and port, for example `registry.k8s.io`.
    pub fn registry(&self) -> &str {
        self.0.split('/').next().unwrap_or_default()
    }
    /// Registry and repository, without tag and digest.
    pub fn repository(&self) -> &str {
        let name = self.0.split('@').next().unwrap_or_default();
        split_tag(name).0
    }
    /// The tag.
    pub fn tag(&self) -> Option<&str> {
        split_tag(self.0.split('@').next().unwrap_or_default()).1
    }
    /// `sha256:` and 64 hex digits.
    pub fn digest(&self) -> Option<&str> {
        self.0.split_once('@').map(|(_, digest)| digest)
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

text_value!(ImageReference);

fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        Some(_) | None => (name, None),
    }
}

fn is_tag(t: &str) -> bool {
    (1..=128).contains(&t.len())
        && !t.starts_with(['.', '-'])
        && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

fn is_digest(d: &str) -> bool {
    d.strip_prefix("sha256:").is_some_and(|h| h.len() == 64 && h.bytes().all(|b| b.is_ascii_hexdigit()))
}

fn is_repository(r: &str) -> bool {
    let mut parts = r.split('/');
    let registry = parts.next().unwrap_or_default();
    let host = registry.split(':').next().unwrap_or_default();
    let is_registry = registry.contains('.') || registry.contains(':') || registry == "localhost";
    let path: Vec<&str> = parts.collect();
    is_registry && super::HostName::parse(host).is_ok() && !path.is_empty() && path.iter().all(|p| is_component(p))
}

fn is_component(c: &str) -> bool {
    !c.is_empty()
        && c.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b))
        && !c.starts_with(['.', '_', '-'])
        && !c.ends_with(['.', '_', '-'])
}
