//! Host names and URLs as the spec writes them. Resolves nothing.

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, text_value};
use crate::id::InvalidName;

/// A DNS name or an address: `myapp.com`, `nfs1`, `192.168.193.5`. Lower case, at most 253 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct HostName(String);

impl HostName {
    /// Parses a lower-case DNS name (RFC 1123) or an IP address.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        const RULE: &str = "labels of a-z, 0-9 and '-', joined by '.', at most 63 characters each and 253 in all";
        let numeric = s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
        let named = !numeric && s.len() <= 253 && s.split('.').all(is_label);
        if named || s.parse::<IpAddr>().is_ok() { Ok(Self(s.to_owned())) } else { Err(invalid("host name", s, RULE)) }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, when it is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

text_value!(HostName);

pub(super) fn is_label(s: &str) -> bool {
    (1..=63).contains(&s.len())
        && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
        && !s.starts_with('-')
        && !s.ends_with('-')
}

/// An `http://` or `https://` URL without user or password: credentials belong in a secret.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct HttpUrl(String);

impl HttpUrl {
    /// Parses the URL; a user or password in it is refused, and not repeated in the message.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let rest = s.strip_prefix("http://").or_else(|| s.strip_prefix("https://"));
        let authority = rest.map(|r| r.split('/').next().unwrap_or_default());
        match authority {
            Some(a) if a.contains('@') => {
                Err(invalid("URL", "http(s)://...@...", "no user or password: put them in a secret"))
            }
            Some(a) if is_authority(a) && !s.contains(char::is_whitespace) => Ok(Self(s.to_owned())),
            Some(_) | None => Err(invalid("URL", s, "http:// or https://, a host, and optionally a port and a path")),
        }
    }

    /// The URL as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// `self` and `path` with exactly one '/' between them.
    pub fn join(&self, path: &str) -> String {
        format!("{}/{}", self.0.trim_end_matches('/'), path.trim_start_matches('/'))
    }

    /// Host without scheme, port and path.
    pub fn host(&self) -> &str {
        let authority = self.0.split("://").nth(1).and_then(|r| r.split('/').next()).unwrap_or_default();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
            Some(_) | None => authority,
        }
    }

    fn text(&self) -> String {
        self.0.clone()
    }
}

fn is_authority(a: &str) -> bool {
    let (host, port) = match a.rsplit_once(':') {
        Some((h, p)) if !p.ends_with(']') => (h, Some(p)),
        Some(_) | None => (a, None),
    };
    let host = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')).unwrap_or(host);
    port.is_none_or(|p| p.parse::<u16>().is_ok_and(|n| n > 0)) && HostName::parse(host).is_ok()
}

text_value!(HttpUrl);
