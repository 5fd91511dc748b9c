//! Where this operator is logged in: one folder a context, with certificate, key, authority and the coordinators' addresses.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use ha_transport::{CredentialStore, Credentials, Endpoint};

use crate::exit::Failure;

/// Name of certificate and key in a context's folder.
pub(crate) const CERTIFICATE: &str = "operator";
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
                Failure::Refused("you are not logged in: run `hactl login <login string>` (`ha-coordinator init` printed one)".to_owned())
            })?,
        };
        let folder = folder().join(&name);
        if !folder.join(format!("{CERTIFICATE}.pem")).exists() {
            return Err(Failure::Refused(format!("there is no context {name}: see `hactl context list`")));
        }
        Ok(Self { name, folder })
    }

    /// Keeps a new login and makes it the current one.
    pub(crate) fn keep(name: &str, credentials: &Credentials, endpoints: &[String]) -> anyhow::Result<Self> {
        let folder = folder().join(name);
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        std::fs::write(folder.join(ENDPOINTS), endpoints.join("\n"))?;
        credentials.store(&folder, CERTIFICATE)?;
        let context = Self { name: name.to_owned(), folder };
        context.make_current()?;
        Ok(context)
    }

    /// Verbs without `--context` mean this one from now on.
    pub(crate) fn make_current(&self) -> anyhow::Result<()> {
        std::fs::write(folder().join(CURRENT), &self.name).context("keep which context is current")
    }

    /// Its certificate.
    pub(crate) fn credentials(&self) -> anyhow::Result<CredentialStore> {
        let credentials = Credentials::load(&self.folder, CERTIFICATE).context("load your certificate")?;
        Ok(CredentialStore::new(credentials)?)
    }

    /// The coordinators' addresses.
    pub(crate) fn endpoints(&self) -> anyhow::Result<Vec<Endpoint>> {
        let text = std::fs::read_to_string(self.folder.join(ENDPOINTS)).context("read the coordinators' addresses")?;
        Ok(text.lines().filter_map(|line| Endpoint::new(line).ok()).collect())
    }

    /// Where it lies.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

/// Name of the current context.
pub(crate) fn current() -> Option<String> {
    std::fs::read_to_string(folder().join(CURRENT)).ok().map(|s| s.trim().to_owned())
}

/// Names of all contexts.
pub(crate) fn all() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).into_iter().flatten().flatten();
    let logged_in = entries.filter(|e| e.path().join(format!("{CERTIFICATE}.pem")).exists());
    let mut names: Vec<_> = logged_in.filter_map(|e| e.file_name().into_string().ok()).collect();
    names.sort();
    names
}
