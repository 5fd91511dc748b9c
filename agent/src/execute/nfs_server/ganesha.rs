//! Ganesha: an NFS server outside the kernel, for machines whose kernel has none.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::step::{Component, NfsServer};
use minijinja::context;

use crate::execute::distro::NFS_GANESHA;
use crate::execute::rendered::{self, template};
use crate::execute::{ActError, Context, service};
use crate::host::{Reachability, UnitVerb};

pub(super) fn files(a: &NfsServer) -> Result<Vec<(&'static str, String)>, ActError> {
    let export = super::export(a)?;
    let values = context! { export, clients => super::clients(a), fsid => id(export) };
    Ok(vec![(NFS_GANESHA.1, rendered::render(Component::NfsServer, &template!("ganesha.conf.j2"), values)?)])
}

/// Two numbers that are the same for the same export on every server.
fn id(export: &str) -> String {
    let digest = Digest::of(export.as_bytes());
    let number = u32::from_str_radix(digest.short(), 16).unwrap_or(1);
    format!("{}.{}", number >> 16 | 1, number & 0xffff)
}

/// It takes up the list of clients at a reload, everything else at its start only: it is started anew. Its unit says "active"
/// before it serves, and also when it has refused its configuration: the port tells.
pub(super) async fn take_up(cx: &Context<'_>) -> Result<(), ActError> {
    service::bring(cx, NFS_GANESHA.0, UnitVerb::Restart).await?;
    let wait =
        service::Wait::new(30, Duration::from_millis(200), "nfs-ganesha to serve; see `journalctl -u nfs-ganesha`");
    let port = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 2049);
    loop {
        match cx.host.connect(port, Duration::from_secs(1)).await? {
            Reachability::Open => return Ok(()),
            Reachability::Refused => wait.again("port 2049 refuses").await?,
            Reachability::Silent => wait.again("port 2049 is silent").await?,
        }
    }
}
