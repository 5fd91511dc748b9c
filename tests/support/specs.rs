//! The document that says what the site is, moved to addresses of loopback.
//!
//! Knows nothing of who applies it.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ha_domain::catalog::Catalog;
use ha_domain::spec::Spec;

use crate::network::Network;

/// Nine machines.
pub const NINE: &str = include_str!("nine.yaml");

/// First of the addresses that machines get whose own do not fit.
const FIRST: u8 = 11;

/// A spec and its text.
#[derive(Debug, Clone)]
pub struct Document {
    /// As it is applied.
    pub text: String,
    /// Understood.
    pub spec: Spec,
}

/// Moves every machine and VIP of the document to `network`.
///
/// # Errors
/// What is wrong with it, as `hactl spec check` would say.
pub fn on_loopback(text: &str, network: &Network) -> anyhow::Result<Document> {
    let spec = understand(text)?;
    let mut moved = text.to_owned();
    for (from, to) in places(&spec, network)? {
        moved = replace(&moved, &from.to_string(), &to.to_string());
    }
    let spec = understand(&moved)?;
    Ok(Document { text: moved, spec })
}

/// A document, understood.
///
/// # Errors
/// What is wrong with it.
pub fn understand(text: &str) -> anyhow::Result<Spec> {
    let read = ha_domain::spec::read(text, &Catalog::built_in());
    read.map(|(spec, _)| spec).map_err(|problems| anyhow::anyhow!(ha_domain::spec::render(&problems, "cluster.yaml")))
}

/// Where each address goes: the last part stays where that tells them apart.
fn places(spec: &Spec, network: &Network) -> anyhow::Result<BTreeMap<IpAddr, IpAddr>> {
    let all: Vec<IpAddr> = spec.machines.iter().map(|m| m.address).chain([spec.vips.api, spec.vips.apps]).collect();
    let mut places = BTreeMap::new();
    for (n, from) in all.into_iter().enumerate() {
        let last = match from {
            IpAddr::V4(v4) => v4.octets()[3],
            IpAddr::V6(_) => 0,
        };
        let taken = |n: u8| n < 2 || places.values().any(|to| *to == network.host(n));
        let counted = FIRST.checked_add(u8::try_from(n)?).ok_or_else(|| anyhow::anyhow!("more machines than fit"))?;
        let free = std::iter::once(last).chain(counted..=254).find(|n| !taken(*n));
        let free = free.ok_or_else(|| anyhow::anyhow!("more machines than fit"))?;
        places.insert(from, network.host(free));
    }
    Ok(places)
}

/// Replaces an address where it stands alone, not where it begins or ends another.
fn replace(text: &str, from: &str, to: &str) -> String {
    let belongs = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
    let mut moved = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(from) {
        let (before, found) = rest.split_at(at);
        let after = &found[from.len()..];
        let alone = !before.ends_with(|c: char| c.is_ascii_hexdigit() || c == '.') && !after.starts_with(belongs);
        moved.push_str(before);
        moved.push_str(if alone { to } else { from });
        rest = after;
    }
    moved.push_str(rest);
    moved
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_not_found_within_another() {
        assert_eq!(
            replace("a: 10.0.0.1, b: 10.0.0.11, c: 110.0.0.1", "10.0.0.1", "X"),
            "a: X, b: 10.0.0.11, c: 110.0.0.1"
        );
    }
}
