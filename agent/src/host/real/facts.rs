//! What hardly changes about the machine.
//!
//! Judges nothing.

use std::path::Path;

use ha_domain::report::Facts;

use super::{HostError, addresses, blocking};

pub(super) async fn facts() -> Result<Facts, HostError> {
    let mut found = blocking("read", Path::new("/proc"), |_| Ok(local())).await?;
    // Link-local addresses say nothing and come and go with every pod.
    let routable = |a: &std::net::IpAddr| !matches!(a, std::net::IpAddr::V6(v6) if v6.is_unicast_link_local());
    found.addresses = addresses::list().await?.into_iter().map(|a| a.address).filter(routable).collect();
    found.addresses.sort_unstable();
    found.addresses.dedup();
    Ok(found)
}

fn local() -> Facts {
    let uname = rustix::system::uname();
    let word = |path: &str| std::fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let disk = rustix::fs::statvfs("/").map_or(0, |s| s.f_blocks.saturating_mul(s.f_frsize));
    Facts {
        hostname: uname.nodename().to_string_lossy().into_owned(),
        addresses: Vec::new(),
        machine_id: word("/etc/machine-id"),
        boot_id: word("/proc/sys/kernel/random/boot_id"),
        os: os(&word("/etc/os-release")),
        kernel: uname.release().to_string_lossy().into_owned(),
        arch: arch(std::env::consts::ARCH).to_owned(),
        cpus: std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(u32::MAX)),
        memory_mib: super::load::memory(&word("/proc/meminfo"), "MemTotal").unwrap_or(0) / 1024,
        disk_gib: disk >> 30,
        agent_version: env!("CARGO_PKG_VERSION").to_owned(),
    }
}

/// `debian 12`.
fn os(release: &str) -> String {
    let value = |key: &str| {
        let line = release.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix('='));
        line.unwrap_or_default().trim_matches('"').to_owned()
    };
    format!("{} {}", value("ID"), value("VERSION_ID")).trim().to_owned()
}

/// Debian's and the catalog's names.
fn arch(rust: &str) -> &str {
    match rust {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distribution_is_named_with_its_version() {
        assert_eq!(os("NAME=\"Debian\"\nID=debian\nVERSION_ID=\"12\"\n"), "debian 12");
        assert_eq!(os("ID=arch\n"), "arch");
    }

    #[tokio::test]
    async fn this_machine_has_a_name_cores_memory_and_loopback() {
        let facts = facts().await.unwrap();
        assert!(!facts.hostname.is_empty() && facts.cpus > 0 && facts.memory_mib > 0 && facts.disk_gib > 0);
        assert!(facts.addresses.contains(&std::net::Ipv4Addr::LOCALHOST.into()));
        assert_eq!(facts.boot_id.len(), 36);
    }
}
