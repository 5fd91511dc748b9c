//! How a coordinator begins: `init` founds a mesh, `join` makes this a further replica. Both can be run again after a crash.

mod found;
mod join;
mod package;

pub use found::{Founded, init};
pub use join::join;
pub use package::keep_own_package;

use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The seal key's file in the folder of keys.
pub(crate) const SEAL_KEY: &str = "seal.key";
/// The coordinator's certificate and key: `coordinator.pem`, `coordinator.key`.
pub(crate) const CERTIFICATE: &str = "coordinator";
/// The file that says where peers reach this coordinator.
pub(crate) const HOST: &str = "coordinator.host";

pub(crate) fn host_file(keys: &Path) -> PathBuf {
    keys.join(HOST)
}

/// The address that faces the rest of the site: the source address towards a public one. Nothing is sent.
pub fn own_address() -> anyhow::Result<IpAddr> {
    let socket = UdpSocket::bind(("0.0.0.0", 0)).context("open a socket")?;
    socket.connect(SocketAddr::from(([192, 0, 2, 1], 9))).context("this machine has no route: give --address")?;
    Ok(socket.local_addr()?.ip())
}

/// Writes a small file for root only.
pub(crate) fn write_private(path: &Path, content: &[u8]) -> anyhow::Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let temporary = path.with_extension("new");
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&temporary)?;
    file.write_all(content)?;
    file.sync_all()?;
    std::fs::rename(&temporary, path).with_context(|| format!("write {}", path.display()))
}
