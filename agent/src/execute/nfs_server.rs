//! The NFS server: version 4.1 and up only, one export, to named clients. The kernel's where it has one, Ganesha elsewhere.
//!
//! Root on a client is root on the export: the clients are the site's own workers, and the kubelet prepares the folder for
//! its pods. Knows nothing of what is kept there.

mod ganesha;
mod kernel;

use std::path::Path;

use ha_domain::id::Digest;
use ha_domain::step::{Component, NfsServer};

use super::{ActError, Context, Probe, distro, rendered, service};
use crate::host::Command;

/// The two servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Kernel,
    Ganesha,
}

impl Kind {
    fn unit(self) -> &'static str {
        match self {
            Self::Kernel => distro::NFS_KERNEL,
            Self::Ganesha => distro::NFS_GANESHA.0,
        }
    }
    fn word(self) -> &'static str {
        match self {
            Self::Kernel => "kernel",
            Self::Ganesha => "ganesha",
        }
    }
    fn files(self, a: &NfsServer) -> Result<Vec<(&'static str, String)>, ActError> {
        match self {
            Self::Kernel => kernel::files(a),
            Self::Ganesha => ganesha::files(a),
        }
    }
    fn digest(self, a: &NfsServer) -> Result<Digest, ActError> {
        let all: String = self.files(a)?.into_iter().map(|(path, content)| format!("{path}\n{content}")).collect();
        Ok(Digest::of(all.as_bytes()))
    }
}

/// What the kernel can do, once its module was asked for.
async fn kind(cx: &Context<'_>) -> Result<Kind, ActError> {
    let known = cx.host.read(Path::new("/proc/filesystems")).await?.unwrap_or_default();
    let served = String::from_utf8_lossy(&known).lines().any(|l| l.split_whitespace().last() == Some("nfsd"));
    Ok(if served { Kind::Kernel } else { Kind::Ganesha })
}

/// An absolute path that is the same in every configuration language.
fn export(a: &NfsServer) -> Result<&str, ActError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/-_.".contains(c);
    let fits =
        a.export.starts_with('/') && a.export.len() > 1 && a.export.chars().all(plain) && !a.export.contains("..");
    let refuse = || {
        ActError::Refused(format!("storage.export: {:?} must be an absolute path of letters, digits, - _ .", a.export))
    };
    fits.then_some(a.export.as_str()).ok_or_else(refuse)
}

fn clients(a: &NfsServer) -> Vec<String> {
    let mut clients: Vec<String> = a.clients.iter().map(ToString::to_string).collect();
    clients.sort();
    clients.dedup();
    clients
}

/// Looks: folder, files, unit, and whether the server was told of them.
pub(super) async fn probe(a: &NfsServer, cx: &Context<'_>) -> Result<Probe, ActError> {
    let kind = kind(cx).await?;
    if let Some(trouble) = service::trouble(cx, kind.unit()).await? {
        return Ok(Probe::Differs(trouble));
    }
    if !cx.host.stat(Path::new(export(a)?)).await?.is_some_and(|s| s.is_dir) {
        return Ok(Probe::Differs(format!("there is no folder {}", a.export)));
    }
    for (path, content) in kind.files(a)? {
        if !rendered::is_current(cx, Path::new(path), content.as_bytes()).await? {
            return Ok(Probe::Differs(format!("{path} differs")));
        }
    }
    let facts = rendered::applied_facts(cx, Component::NfsServer, &kind.digest(a)?).await?;
    Ok(facts.map_or(Probe::Differs("the server was not told of its export".to_owned()), Probe::Converged))
}

/// Installs, exports, starts; a changed list of clients interrupts nobody.
pub(super) async fn act(a: &NfsServer, cx: &Context<'_>) -> Result<(), ActError> {
    let folder = Path::new(export(a)?);
    let distribution = distro::of(cx).await?;
    cx.host.run(Command::new("modprobe", &["nfsd"])).await?;
    let kind = kind(cx).await?;
    let packages = match kind {
        Kind::Kernel => distribution.nfs_kernel,
        Kind::Ganesha => distribution.nfs_ganesha,
    };
    distro::install(cx, &[distribution.every_machine, packages].concat()).await?;
    // Not noted in the ledger: what users have put there outlives a reset.
    if cx.host.stat(folder).await?.is_none() {
        // Pods write as whoever their image says; who may mount it is in the export.
        cx.host.make_dir(folder, 0o777).await?;
    }
    for (path, content) in kind.files(a)? {
        rendered::put_validated(cx, Path::new(path), content.as_bytes(), 0o644, None).await?;
    }
    match kind {
        Kind::Kernel => kernel::take_up(cx).await?,
        Kind::Ganesha => ganesha::take_up(cx).await?,
    }
    let facts = distro::facts([("server", kind.word().to_owned())]);
    rendered::mark_applied_with(cx, Component::NfsServer, &kind.digest(a)?, facts).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> NfsServer {
        let clients = ["10.0.0.32", "10.0.0.31", "10.0.0.32"].map(|c| c.parse().unwrap()).to_vec();
        NfsServer { export: "/srv/joget".to_owned(), clients }
    }

    #[test]
    fn the_kernels_files_and_ganeshas() {
        let [(_, settings), (_, exports)] = <[_; 2]>::try_from(Kind::Kernel.files(&wanted()).unwrap()).unwrap();
        rendered::assert_golden("nfs.conf", &settings);
        rendered::assert_golden("exports", &exports);
        rendered::assert_golden("ganesha.conf", &Kind::Ganesha.files(&wanted()).unwrap()[0].1);
    }

    #[test]
    fn an_export_that_needs_quoting_is_refused() {
        for odd in ["srv", "/", "/srv/a b", "/srv/../etc", "/srv/\"", "/srv/a(rw)"] {
            assert!(export(&NfsServer { export: odd.to_owned(), clients: Vec::new() }).is_err(), "{odd}");
        }
    }
}
