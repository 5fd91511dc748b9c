//! The coordinators an agent knows: all of them, any one will do.

use std::path::Path;

use anyhow::Context as _;
use ha_transport::Endpoint;
use rand::seq::SliceRandom as _;

/// File in the state folder, one endpoint a line.
const FILE: &str = "coordinators";

/// The coordinators an agent knows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Endpoints(Vec<Endpoint>);

impl Endpoints {
    /// Takes those that can be dialled.
    pub fn of(texts: &[String]) -> Self {
        Self(texts.iter().filter_map(|t| Endpoint::new(t).ok()).collect())
    }

    /// Reads them from the state folder.
    pub fn load(state: &Path) -> anyhow::Result<Self> {
        let path = state.join(FILE);
        let text = std::fs::read_to_string(&path).with_context(|| format!("read {}", path.display()))?;
        let lines: Vec<_> = text.lines().map(str::to_owned).collect();
        Ok(Self::of(&lines))
    }

    /// Writes them, all or nothing.
    pub fn store(&self, state: &Path) -> anyhow::Result<()> {
        let path = state.join(FILE);
        let temporary = state.join(".coordinators");
        let text: String = self.0.iter().map(|e| format!("{e}\n")).collect();
        std::fs::write(&temporary, text).with_context(|| format!("write {}", temporary.display()))?;
        std::fs::rename(&temporary, &path).with_context(|| format!("write {}", path.display()))
    }

    /// In an order of chance, so that a fleet does not crowd at one.
    pub fn shuffled(&self) -> Vec<Endpoint> {
        let mut all = self.0.clone();
        all.shuffle(&mut rand::rng());
        all
    }

    /// None is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
