//! Where this operator is logged in: one folder a context, with certificate, key, authority and the coordinators' addresses.
//!
//! Knows nothing of what is said to coordinators.

use std::fs;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ha_transport::{Credentials, Endpoint};

use crate::exit::Failure;

/// Name of certificate and key in a context's folder.
const CERTIFICATE: &str = "operator";
/// Addresses of coordinators, a line each, the one that answered last first.
const ENDPOINTS: &str = "coordinators";
const CURRENT: &str = "current";

/// The folder of all contexts: `$HA_CONFIG_DIR`, else `~/.config/ha-mesh`.
pub(crate) fn folder() -> PathBuf {
    let home = || std::env::var_os("HOME").map_or_else(|| PathBuf::from("/"), PathBuf::from).join(".config/ha-mesh");
    std::env::var_os("HA_CONFIG_DIR").map_or_else(home, PathBuf::from)
}

/// A context that was logged into.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    /// Its name: the mesh's, unless another was given.
    pub(crate) name: String,
    folder: PathBuf,
}

impl Context {
    /// The context `name`, else the current one.
    pub(crate) fn find(name: Option<&str>) -> Result<Self, Failure> {
        let name = match name {
            Some(name) => name.to_owned(),
            None => current().ok_or_else(|| {
                Failure::Refused(
                    "you are not logged in: run `hactl login <login string>` (`ha-coordinator init` printed one)"
                        .to_owned(),
                )
            })?,
        };
        let context = Self::named(&name)?;
        if !context.folder.join(format!("{CERTIFICATE}.pem")).exists() {
            return Err(Failure::Refused(format!("there is no context {name}: see `hactl context list`")));
        }
        Ok(context)
    }

    /// A name becomes a folder's: it must not lead elsewhere.
    fn named(name: &str) -> Result<Self, Failure> {
        let letters = name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
        if !letters || name.is_empty() || name.len() > 64 || name.starts_with('.') || name == CURRENT {
            return Err(Failure::Refused(format!("{name:?} is no context's name: letters, digits, '-', '_' and '.'")));
        }
        Ok(Self { name: name.to_owned(), folder: folder().join(name) })
    }

    /// Keeps a new login and makes it the current one.
    pub(crate) fn keep(name: &str, credentials: &Credentials, endpoints: &[String]) -> Result<Self, Failure> {
        let context = Self::named(name)?;
        let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(&context.folder);
        made.with_context(|| format!("make {}", context.folder.display()))?;
        credentials.store(&context.folder, CERTIFICATE).context("keep your certificate")?;
        context.keep_endpoints(endpoints)?;
        context.make_current()?;
        Ok(context)
    }

    /// Verbs without `--context` mean this one from now on.
    pub(crate) fn make_current(&self) -> anyhow::Result<()> {
        replace(&folder().join(CURRENT), &self.name).context("keep which context is current")
    }

    /// Its certificate.
    pub(crate) fn credentials(&self) -> anyhow::Result<Credentials> {
        Credentials::load(&self.folder, CERTIFICATE).context("load your certificate")
    }

    /// A newer certificate takes the place of the present one.
    pub(crate) fn renew(&self, credentials: &Credentials) -> anyhow::Result<()> {
        credentials.store(&self.folder, CERTIFICATE).context("keep your new certificate")
    }

    /// Held by whoever renews the certificate; `None` when another process does.
    pub(crate) fn lock(&self) -> Option<fs::File> {
        let file = fs::File::create(self.folder.join("lock")).ok()?;
        file.try_lock().ok()?;
        Some(file)
    }

    /// The coordinators' addresses, the one that answered last first.
    pub(crate) fn endpoints(&self) -> anyhow::Result<Vec<Endpoint>> {
        let text = fs::read_to_string(self.folder.join(ENDPOINTS)).context("read the coordinators' addresses")?;
        Ok(text.lines().filter_map(|line| Endpoint::new(line).ok()).collect())
    }

    /// Keeps addresses, best first.
    pub(crate) fn keep_endpoints(&self, endpoints: &[impl AsRef<str>]) -> anyhow::Result<()> {
        let lines: Vec<&str> = endpoints.iter().map(AsRef::as_ref).collect();
        replace(&self.folder.join(ENDPOINTS), &(lines.join("\n") + "\n")).context("keep the coordinators' addresses")
    }

    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// The old or the new text, never a part.
fn replace(path: &Path, text: &str) -> std::io::Result<()> {
    let next = path.with_extension(format!("{}.next", std::process::id()));
    fs::write(&next, text)?;
    fs::rename(&next, path)
}

/// Name of the current context.
pub(crate) fn current() -> Option<String> {
    fs::read_to_string(folder().join(CURRENT)).ok().map(|s| s.trim().to_owned())
}

/// All contexts, by name.
pub(crate) fn all() -> Vec<Context> {
    let entries = fs::read_dir(folder()).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names.iter().filter_map(|name| Context::find(Some(name)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_context_cannot_lie_outside_of_the_folder_of_contexts() {
        for bad in ["", "..", ".hidden", "a/b", "../x", "current", "a b", "x\n"] {
            assert!(Context::named(bad).is_err(), "{bad:?} was taken");
        }
        assert!(Context::named("ha-12.lab_3").is_ok());
    }
}
