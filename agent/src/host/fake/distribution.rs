//! The simulated distribution: what a fresh image has, and what each package brings. Debian 12's names.
//!
//! Knows nothing of what packages are for.

use std::path::Path;

use super::database::Server;
use super::state::State;
use super::unit_files::full_name;

/// Packages of the image, whose programs are simulated as well.
const IMAGE: &[&str] =
    &["iproute2", "procps", "ca-certificates", "kmod", "util-linux", "mount", "systemd", "nftables", "curl"];

/// A package.
struct Package {
    name: &'static str,
    /// Name of its unit without suffix, and the program it starts.
    unit: Option<(&'static str, &'static str)>,
    /// Further programs.
    programs: &'static [&'static str],
    /// Configuration that it brings.
    files: &'static [(&'static str, &'static str)],
}

const fn plain(name: &'static str) -> Package {
    Package { name, unit: None, programs: &[], files: &[] }
}

const fn daemon(
    name: &'static str,
    unit: (&'static str, &'static str),
    files: &'static [(&'static str, &'static str)],
) -> Package {
    Package { name, unit: Some(unit), programs: &[], files }
}

const PACKAGES: &[Package] = &[
    daemon(
        "chrony",
        ("chrony", "/usr/sbin/chronyd"),
        &[("/etc/chrony/chrony.conf", "pool 2.debian.pool.ntp.org iburst\n")],
    ),
    daemon("haproxy", ("haproxy", "/usr/sbin/haproxy"), &[("/etc/haproxy/haproxy.cfg", "global\n  daemon\n")]),
    daemon("keepalived", ("keepalived", "/usr/sbin/keepalived"), &[]),
    daemon("nfs-kernel-server", ("nfs-server", "/usr/sbin/rpc.nfsd"), &[]),
    daemon("nfs-ganesha", ("nfs-ganesha", "/usr/bin/ganesha.nfsd"), &[("/etc/ganesha/ganesha.conf", "# ganesha\n")]),
    plain("nfs-ganesha-vfs"),
    plain("nfs-common"),
    plain("conntrack"),
    plain("iptables"),
    plain("ethtool"),
    plain("socat"),
    plain("nftables"),
    plain("iproute2"),
    plain("procps"),
    plain("ca-certificates"),
    plain("kmod"),
    plain("util-linux"),
    plain("mount"),
    plain("systemd"),
    plain("curl"),
    Package {
        name: "mariadb-server",
        unit: Some(("mariadb", "/usr/sbin/mariadbd")),
        programs: &["/usr/bin/mariadb", "/usr/bin/mariadb-dump"],
        files: &[("/etc/mysql/mariadb.conf.d/50-server.cnf", "[mysqld]\n"), ("/var/lib/mysql/ibdata1", "")],
    },
    Package {
        name: "postgresql",
        unit: Some(("postgresql@15-main", "/usr/bin/pg_ctlcluster")),
        programs: &["/usr/bin/psql", "/usr/bin/pg_dump", "/usr/bin/pg_restore", "/usr/lib/postgresql/15/bin/postgres"],
        files: &[
            ("/etc/postgresql/15/main/postgresql.conf", "port = 5432\n"),
            ("/var/lib/postgresql/15/main/PG_VERSION", "15\n"),
        ],
    },
    // Installed with dpkg, from the mesh.
    daemon("ha-coordinator", ("ha-coordinator", "/usr/bin/ha-coordinator"), &[]),
];

/// A freshly installed machine's files.
pub(super) fn image(state: &mut State) {
    for (path, text) in [
        ("/etc/hostname", "debian\n"),
        ("/etc/hosts", "127.0.0.1 localhost\n"),
        ("/etc/fstab", "UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n"),
        ("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\n"),
    ] {
        state.files.write(path, text);
    }
    for folder in ["/opt", "/srv", "/var/lib", "/usr/local/bin", "/usr/local/sbin"] {
        let _ = state.files.make_dirs(Path::new(folder));
    }
    for program in ["/bin/sleep", "/bin/false", "/usr/sbin/nft"] {
        state.files.program(program);
    }
    state.packages.extend(IMAGE.iter().map(|name| (*name).to_owned()));
}

/// What a kernel shows before anything is loaded or set.
pub(super) fn kernel(state: &mut State) {
    let hostname = format!("{}\n", state.facts.hostname);
    for (path, text) in [
        ("/proc/sys/kernel/hostname", hostname.as_str()),
        ("/proc/filesystems", "nodev\tproc\n\text4\n"),
        ("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n"),
        ("/proc/sys/net/ipv4/ip_forward", "0\n"),
        ("/proc/sys/fs/inotify/max_user_instances", "128\n"),
        ("/proc/sys/fs/inotify/max_user_watches", "65536\n"),
        ("/sys/fs/cgroup/cgroup.controllers", "cpu memory pids\n"),
    ] {
        state.files.write(path, text);
    }
    if state.files.text("/etc/fstab").is_some_and(|t| t.lines().any(|l| l.contains(" swap ") && !l.starts_with('#'))) {
        state.files.write("/proc/swaps", "Filename\tType\tSize\tUsed\tPriority\n/dev/sda2 partition 1 0 -2\n");
    }
}

/// Whether the distribution has it.
pub(super) fn knows(name: &str) -> bool {
    PACKAGES.iter().any(|p| p.name == name)
}

/// Installs a known package. Its unit is enabled, as Debian does, and not started.
pub(super) fn install(state: &mut State, name: &str) {
    let Some(package) = PACKAGES.iter().find(|p| p.name == name) else { return };
    if !state.packages.insert(name.to_owned()) {
        return;
    }
    for (path, text) in package.files.iter().filter(|(path, _)| !state.files.has(path)).collect::<Vec<_>>() {
        state.files.write(path, text);
    }
    package.programs.iter().for_each(|program| state.files.program(program));
    if let Some((unit, program)) = package.unit {
        state.files.program(program);
        state.files.write(&unit_path(unit), &format!("[Service]\nExecStart={program}\n"));
        state.enabled.insert(full_name(unit));
    }
    if let Some(server) = Server::of_package(name) {
        // A server that is installed again finds its data.
        state.database.get_or_insert(server);
    }
}

/// Takes a package away; configuration and data stay.
pub(super) fn remove(state: &mut State, name: &str) {
    let Some(package) = PACKAGES.iter().find(|p| p.name == name) else { return };
    if !state.packages.remove(name) {
        return;
    }
    package.programs.iter().for_each(|program| state.files.remove(Path::new(program)));
    if let Some((unit, program)) = package.unit {
        state.files.remove(Path::new(program));
        state.files.remove(Path::new(&unit_path(unit)));
        state.units.remove(&full_name(unit));
        state.enabled.remove(&full_name(unit));
    }
}

fn unit_path(unit: &str) -> String {
    format!("/lib/systemd/system/{}", full_name(unit))
}

/// Version that dpkg tells of an installed package.
pub(super) fn version(state: &State, name: &str) -> Option<&'static str> {
    match name {
        "postgresql-15" if state.packages.contains("postgresql") => Some("15.14-0+deb12u1"),
        _ if !state.packages.contains(name) => None,
        "haproxy" => Some("2.6.12-1+deb12u4"),
        "keepalived" => Some("1:2.2.7-1+b2"),
        "mariadb-server" => Some("1:10.11.19-0+deb12u1"),
        "chrony" => Some("4.3-2+deb12u1"),
        _ => Some("1.0-1"),
    }
}
