//! Addresses and networks that stand in an action as text, read strictly before they are written into any file or SQL.
//!
//! Knows nothing of interfaces.

use std::net::IpAddr;

/// `10.0.0.5`, `10.244.0.0/16`, `fd00::/64`: the address and the prefix length (all bits where none is given).
pub fn network(text: &str) -> Option<(IpAddr, u8)> {
    let (address, prefix) = text.split_once('/').map_or((text, None), |(a, p)| (a, Some(p)));
    let address: IpAddr = address.parse().ok()?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    match prefix {
        None => Some((address, bits)),
        Some(digits) if digits.bytes().all(|b| b.is_ascii_digit()) => {
            digits.parse().ok().filter(|prefix| *prefix <= bits).map(|prefix| (address, prefix))
        }
        Some(_) => None,
    }
}

/// The netmask of an IPv4 prefix length: 24 is `255.255.255.0`.
pub fn netmask(prefix: u8) -> std::net::Ipv4Addr {
    let bits = u32::MAX.checked_shl(32 - u32::from(prefix.min(32))).unwrap_or(0);
    std::net::Ipv4Addr::from_bits(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_are_read_strictly() {
        assert_eq!(network("10.0.0.5"), Some(("10.0.0.5".parse().unwrap(), 32)));
        assert_eq!(network("fd00::/64"), Some(("fd00::".parse().unwrap(), 64)));
        for odd in ["", "10.0.0.5/33", "10.0.0.5/", "10.0.0.5/+4", "10.0.0.5/24 ", "10.0.0.5/24/1", "host"] {
            assert_eq!(network(odd), None, "{odd}");
        }
    }

    #[test]
    fn netmasks_of_all_and_of_nothing() {
        let masks: Vec<String> = [0, 16, 24, 32].map(|p| netmask(p).to_string()).into();
        assert_eq!(masks, ["0.0.0.0", "255.255.0.0", "255.255.255.0", "255.255.255.255"]);
    }
}
