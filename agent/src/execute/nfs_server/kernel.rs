//! The kernel's NFS server: its versions in a drop-in, its export in a file of our own.

use ha_domain::id::Digest;
use ha_domain::step::{Component, NfsServer};
use minijinja::context;

use crate::execute::distro::NFS_KERNEL;
use crate::execute::rendered::{self, run_ok, template};
use crate::execute::{ActError, Context, service};
use crate::host::{Command, UnitVerb};

pub(super) fn files(a: &NfsServer) -> Result<Vec<(&'static str, String)>, ActError> {
    let export = super::export(a)?;
    let values = context! { export, clients => super::clients(a), fsid => uuid(export) };
    let settings = rendered::render(Component::NfsServer, &template!("nfs.conf.j2"), context! {})?;
    let exports = rendered::render(Component::NfsServer, &template!("exports.j2"), values)?;
    Ok(vec![("/etc/nfs.conf.d/ha-mesh.conf", settings), ("/etc/exports.d/ha-mesh.exports", exports)])
}

/// The same export has the same id on every server: handles of clients outlive a move to another machine.
fn uuid(export: &str) -> String {
    let digest = Digest::of(export.as_bytes()).to_string();
    let parts =
        [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)].map(|(from, to)| digest.get(from..to).unwrap_or_default());
    parts.join("-")
}

pub(super) async fn take_up(cx: &Context<'_>) -> Result<(), ActError> {
    // Its versions are read at its start; a restart of it keeps what clients hold, they claim it again.
    service::bring(cx, NFS_KERNEL, UnitVerb::Restart).await?;
    run_ok(cx, Command::new("exportfs", &["-ra"])).await.map(drop)
}
