//! A network such as `10.244.0.0/16`. Knows nothing of who lives in it.

use std::net::IpAddr;

use ipnet::IpNet;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{invalid, text_value};
use crate::id::InvalidName;

/// A network: address and prefix length, no bits set beyond the prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Cidr(IpNet);

impl Cidr {
    /// Parses `ADDRESS/PREFIX`; refuses bits beyond the prefix, which usually hide a slip.
    pub fn parse(s: &str) -> Result<Self, InvalidName> {
        let net: IpNet = s.parse().map_err(|_| invalid("network", s, "ADDRESS/PREFIX, for example 10.244.0.0/16"))?;
        if net.addr() == net.network() {
            Ok(Self(net))
        } else {
            Err(invalid("network", s, "no bits may be set beyond the prefix: write its first address"))
        }
    }

    /// The network of `prefix` bits that `address` lies in; a prefix beyond the address is cut to its length.
    pub fn around(address: IpAddr, prefix: u8) -> Self {
        let most = if address.is_ipv4() { 32 } else { 128 };
        let net = IpNet::new(address, prefix.min(most)).unwrap_or_else(|_| IpNet::from(address));
        Self(net.trunc())
    }

    /// Whether `address` lies in this network.
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address)
    }

    /// Whether the two networks share an address.
    pub fn overlaps(&self, other: &Self) -> bool {
        self.0.contains(&other.0.network()) || other.0.contains(&self.0.network())
    }

    /// The prefix length in bits.
    pub fn prefix(&self) -> u8 {
        self.0.prefix_len()
    }

    /// The first address.
    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    /// The address `n` places after the first, if the network reaches that far (IPv4 only).
    pub fn nth(&self, n: u32) -> Option<IpAddr> {
        let IpAddr::V4(first) = self.0.network() else { return None };
        let address = IpAddr::from(u32::from(first).checked_add(n)?.to_be_bytes());
        self.contains(address).then_some(address)
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}

text_value!(Cidr);
