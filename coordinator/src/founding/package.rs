//! The coordinator's own package, which its installation carries, so that the mesh can hand it to further machines.

use std::path::Path;

use anyhow::Context as _;
use ha_domain::id::Digest;
use ha_domain::state::Package;

/// Where the installed package keeps a copy of itself (`packaging/build` puts it there).
const CARRIED: &str = "/usr/share/ha-mesh/ha-coordinator.deb";

/// Puts the package into `share` under its digest; `None` where this coordinator was not installed as a package.
pub fn keep_own_package(share: &Path) -> anyhow::Result<Option<Package>> {
    let carried = match std::fs::read(CARRIED) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("read {CARRIED}")),
    };
    let digest = Digest::of(&carried);
    std::fs::create_dir_all(share).context("make the share folder")?;
    let partial = share.join(".package");
    std::fs::write(&partial, &carried).context("keep the package")?;
    std::fs::rename(&partial, share.join(digest.as_str())).context("keep the package")?;
    Ok(Some(Package { digest, version: env!("CARGO_PKG_VERSION").to_owned() }))
}
