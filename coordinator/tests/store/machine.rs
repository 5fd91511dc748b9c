//! A small machine to replicate: texts by key. Knows nothing of the store but its trait.

use std::collections::BTreeMap;

use ha_coordinator::store::{Machine, MachineError};

/// `key=value` sets a key and answers with the value it had.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Texts(pub(crate) BTreeMap<String, String>);

impl Machine for Texts {
    fn apply(&mut self, _: u64, command: &[u8]) -> Vec<u8> {
        let text = String::from_utf8_lossy(command);
        let Some((key, value)) = text.split_once('=') else { return b"refused".to_vec() };
        self.0.insert(key.to_owned(), value.to_owned()).unwrap_or_default().into_bytes()
    }

    fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(&self.0).unwrap()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), MachineError> {
        self.0 = serde_json::from_slice(snapshot).map_err(|e| MachineError(e.to_string()))?;
        Ok(())
    }
}

/// The command that sets `key`.
pub(crate) fn set(key: impl std::fmt::Display, value: impl std::fmt::Display) -> Vec<u8> {
    format!("{key}={value}").into_bytes()
}
