//! What this machine was last brought to: one action a component, kept so that it can be looked at again after a restart.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use ha_domain::step::{Action, Component};

use crate::host::{Host, HostError, NewFile};

/// File in the state folder.
const FILE: &str = "wanted.json";

/// One action a component.
pub struct Wanted {
    path: PathBuf,
    actions: Mutex<BTreeMap<Component, Action>>,
}

impl Wanted {
    /// Reads what is kept. What a newer agent wrote and this one does not know is left out: it will be wanted again.
    pub async fn load(host: &dyn Host, state: &Path) -> Result<Self, HostError> {
        let path = state.join(FILE);
        let kept = host.read(&path).await?.unwrap_or_default();
        let values: BTreeMap<String, serde_json::Value> = serde_json::from_slice(&kept).unwrap_or_default();
        let actions = values.into_values().filter_map(|v| serde_json::from_value::<Action>(v).ok());
        let actions = actions.map(|a| (a.component(), a)).collect();
        Ok(Self { path, actions: Mutex::new(actions) })
    }

    /// All of them.
    pub fn all(&self) -> BTreeMap<Component, Action> {
        self.actions.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// A component was brought to `action`.
    pub async fn set(&self, host: &dyn Host, action: &Action) -> Result<(), HostError> {
        self.change(host, |actions| drop(actions.insert(action.component(), action.clone()))).await
    }

    /// Nothing is wanted any more: what is being taken off this machine must not be brought back.
    pub async fn clear(&self, host: &dyn Host) -> Result<(), HostError> {
        self.change(host, BTreeMap::clear).await
    }

    async fn change(
        &self,
        host: &dyn Host,
        change: impl FnOnce(&mut BTreeMap<Component, Action>) + Send,
    ) -> Result<(), HostError> {
        let json = {
            let mut actions = self.actions.lock().unwrap_or_else(PoisonError::into_inner);
            change(&mut actions);
            let named: BTreeMap<&str, &Action> = actions.iter().map(|(c, a)| (c.as_str(), a)).collect();
            serde_json::to_vec(&named).unwrap_or_default()
        };
        host.write(NewFile { path: &self.path, content: &json, mode: 0o600 }).await
    }
}
