//! What differs between distributions: packages, units and paths, one row each. What does not differ is in `COMMON`.
//!
//! Knows nothing of how packages are installed. A new distribution is a new row.

use std::collections::BTreeMap;

use ha_domain::spec::Role;

use super::{ActError, Context};

/// One distribution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Distribution {
    /// `ID` and `VERSION_ID` of os-release.
    pub name: &'static str,
    /// Packages every machine gets.
    pub every_machine: &'static [&'static str],
    /// Keeps the time. On nodes it comes later than the rest, elsewhere in the same run of the package manager.
    pub time: &'static [&'static str],
    /// Further packages of Kubernetes nodes: what kubeadm, kubelet, kube-proxy and the CNI plugins call.
    pub node: &'static [&'static str],
    /// Mounts NFS.
    pub nfs_client: &'static [&'static str],
    /// Further packages of load balancers.
    pub load_balancer: &'static [&'static str],
    /// MariaDB.
    pub mariadb: &'static [&'static str],
    /// PostgreSQL.
    pub postgresql: &'static [&'static str],
    /// The kernel's NFS server.
    pub nfs_kernel: &'static [&'static str],
    /// The NFS server for kernels without one.
    pub nfs_ganesha: &'static [&'static str],
    /// NTP pool where the spec names no servers.
    pub ntp_pool: &'static str,
    /// PostgreSQL's major version.
    pub postgresql_major: &'static str,
}

/// `chronyd`'s unit and configuration.
pub const CHRONY: (&str, &str) = ("chrony.service", "/etc/chrony/chrony.conf");
/// HAProxy's unit and configuration.
pub const HAPROXY: (&str, &str) = ("haproxy.service", "/etc/haproxy/haproxy.cfg");
/// Keepalived's unit and configuration.
pub const KEEPALIVED: (&str, &str) = ("keepalived.service", "/etc/keepalived/keepalived.conf");
/// MariaDB's unit and our drop-in, which is read after the distribution's.
pub const MARIADB: (&str, &str) = ("mariadb.service", "/etc/mysql/mariadb.conf.d/60-ha-mesh.cnf");
/// MariaDB's server program and system user.
pub const MARIADB_SERVER: (&str, &str) = ("/usr/sbin/mariadbd", "mysql");
/// The kernel NFS server's unit.
pub const NFS_KERNEL: &str = "nfs-server.service";
/// Ganesha's unit and configuration.
pub const NFS_GANESHA: (&str, &str) = ("nfs-ganesha.service", "/etc/ganesha/ganesha.conf");
/// The agent itself, where its package puts it.
pub const AGENT: &str = "/usr/bin/ha-agent";

const COMMON: Distribution = Distribution {
    name: "",
    every_machine: &["nftables", "iproute2", "procps", "ca-certificates"],
    time: &["chrony"],
    node: &["conntrack", "iptables", "ethtool", "socat", "kmod", "util-linux", "mount"],
    nfs_client: &["nfs-common"],
    load_balancer: &["haproxy", "keepalived", "curl"],
    mariadb: &["mariadb-server"],
    postgresql: &["postgresql"],
    nfs_kernel: &["nfs-kernel-server"],
    nfs_ganesha: &["nfs-ganesha", "nfs-ganesha-vfs"],
    ntp_pool: "2.debian.pool.ntp.org",
    postgresql_major: "15",
};

/// The distributions that are supported.
pub const SUPPORTED: [Distribution; 3] = [
    Distribution { name: "debian 12", ..COMMON },
    Distribution { name: "debian 13", postgresql_major: "17", ..COMMON },
    Distribution { name: "ubuntu 24.04", postgresql_major: "16", ntp_pool: "ntp.ubuntu.com", ..COMMON },
];

impl Distribution {
    /// The row for an os-release name like `debian 12`.
    pub fn named(os: &str) -> Result<Self, ActError> {
        SUPPORTED.into_iter().find(|d| d.name == os).ok_or_else(|| {
            let known: Vec<_> = SUPPORTED.iter().map(|d| d.name).collect();
            ActError::Refused(format!("{os:?} is not supported; install one of: {}", known.join(", ")))
        })
    }

    /// Packages of a role, the database server apart (its action knows which).
    pub fn packages(&self, role: Role) -> Vec<&'static str> {
        let more = match role {
            // A spare takes another machine's place, most often a node's: it is kept ready.
            Role::ControlPlane | Role::Worker | Role::Spare => self.node.to_vec(),
            Role::LoadBalancer => [self.load_balancer, self.time].concat(),
            Role::Database | Role::Storage => self.time.to_vec(),
        };
        [self.every_machine, &more].concat()
    }
}

/// The row of this machine.
pub async fn of(cx: &Context<'_>) -> Result<Distribution, ActError> {
    Distribution::named(&cx.host.facts().await?.os)
}

/// Installs those of `packages` that are missing, in one run; the ledger notes them first.
pub async fn install(cx: &Context<'_>, packages: &[&str]) -> Result<(), ActError> {
    let missing = cx.host.missing_packages(packages).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let names: Vec<&str> = missing.iter().map(String::as_str).collect();
    (cx.progress)(format!("installing {}", names.join(" ")));
    cx.ledger.own_packages(cx.host, &names).await?;
    Ok(cx.host.install_packages(&names).await?)
}

/// The installed version of a package, for the report.
pub async fn version(cx: &Context<'_>, package: &str) -> Result<String, ActError> {
    let query = crate::host::Command::new("dpkg-query", &["--show", "--showformat=${Version}", package]);
    Ok(upstream_version(&cx.host.run(query).await?.text()).to_owned())
}

/// `1:10.11.19-0+deb12u1` is `10.11.19`.
fn upstream_version(version: &str) -> &str {
    let version = version.split_once(':').map_or(version, |(_, v)| v);
    version.rsplit_once('-').map_or(version, |(v, _)| v)
}

/// Findings for a report from pairs.
pub fn facts<const N: usize>(pairs: [(&str, String); N]) -> BTreeMap<String, String> {
    pairs.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_distribution_is_refused_with_those_that_are_known() {
        let error = Distribution::named("fedora 43").unwrap_err().to_string();
        assert!(error.contains("fedora 43") && error.contains("debian 12, debian 13, ubuntu 24.04"), "{error}");
    }

    #[test]
    fn a_load_balancer_gets_all_its_packages_in_one_run() {
        let packages = SUPPORTED[0].packages(Role::LoadBalancer);
        assert!(["chrony", "haproxy", "keepalived"].iter().all(|p| packages.contains(p)));
    }

    #[test]
    fn epochs_and_revisions_do_not_count_as_version() {
        assert_eq!(upstream_version("1:10.11.19-0+deb12u1"), "10.11.19");
        assert_eq!(upstream_version("2.6.12-1+deb12u4"), "2.6.12");
        assert_eq!(upstream_version(""), "");
    }
}
