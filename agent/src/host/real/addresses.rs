//! Addresses of the machine's interfaces.
//!
//! Knows nothing of which one matters.

use super::{HostError, InterfaceAddress};

pub(super) async fn list() -> Result<Vec<InterfaceAddress>, HostError> {
    let found = super::blocking("list", std::path::Path::new("/proc/net"), |_| {
        sysinfo::Networks::new_with_refreshed_list().map_err(|e| std::io::Error::other(format!("{e:?}")))
    });
    let mut all = Vec::new();
    for (interface, data) in &found.await? {
        let interface = interface.to_string_lossy();
        let of = data.ip_networks().iter();
        all.extend(of.map(|n| InterfaceAddress {
            interface: interface.to_string(),
            address: n.addr,
            prefix: n.prefix,
        }));
    }
    all.sort_by(|a, b| (&a.interface, a.address).cmp(&(&b.interface, b.address)));
    Ok(all)
}
