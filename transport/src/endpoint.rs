//! Where a coordinator can be dialled: `host:port`, checked for form only.
//!
//! Resolves nothing.

use std::fmt;
use std::net::{Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// A host (name, IPv4, or IPv6 in brackets) and a port other than 0.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Endpoint(String);

/// A text that is no `host:port`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an endpoint: write host:port, for example 10.0.0.11:7443 or [fd00::11]:7443")]
pub struct InvalidEndpoint(String);

impl Endpoint {
    /// Checks the form of `host:port`.
    ///
    /// # Errors
    /// When host or port is missing or malformed.
    pub fn new(text: &str) -> Result<Self, InvalidEndpoint> {
        let invalid = || InvalidEndpoint(text.chars().take(64).collect());
        let (host, port) = text.rsplit_once(':').ok_or_else(invalid)?;
        let digits = (1..=5).contains(&port.len()) && port.bytes().all(|b| b.is_ascii_digit());
        let port: u16 = port.parse().map_err(|_| invalid())?;
        if digits && port != 0 && is_host(host) { Ok(Self(text.to_owned())) } else { Err(invalid()) }
    }

    /// The text, as `TcpStream::connect` takes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_host(host: &str) -> bool {
    if let Some(v6) = host.strip_prefix('[').and_then(|h| h.strip_suffix(']')) {
        return v6.parse::<Ipv6Addr>().is_ok();
    }
    let label = |l: &str| {
        (1..=63).contains(&l.len())
            && l.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !l.starts_with('-')
            && !l.ends_with('-')
    };
    host.len() <= 253 && host.split('.').all(label)
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self(address.to_string())
    }
}

impl FromStr for Endpoint {
    type Err = InvalidEndpoint;
    fn from_str(text: &str) -> Result<Self, InvalidEndpoint> {
        Self::new(text)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_with_a_port_are_endpoints() {
        for good in ["10.0.0.1:7443", "[::1]:7443", "master1:1", "m1.site.example:65535"] {
            assert_eq!(Endpoint::new(good).unwrap().as_str(), good);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for bad in [
            "",
            "host",
            "host:",
            ":1",
            "host:0",
            "host:65536",
            "host:+1",
            "::1:7443",
            "[::1:7443",
            "a b:1",
            "a..b:1",
            "http://a:1",
            "a/b:1",
            "u@h:1",
        ] {
            assert!(Endpoint::new(bad).is_err(), "{bad:?} was taken");
        }
    }
}
