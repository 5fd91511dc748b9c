//! The domain's replicated state behind the store: bytes in, bytes out. Decides nothing.

use ha_domain::state::{Entry, Outcome, Refusal, State};

use crate::store::{Machine, MachineError};

/// The replicated state of one replica.
#[derive(Debug, Default)]
pub struct StateMachine {
    /// As applied so far.
    pub state: State,
}

impl Machine for StateMachine {
    fn apply(&mut self, index: u64, command: &[u8]) -> Vec<u8> {
        let outcome: Outcome = match serde_json::from_slice::<Entry>(command) {
            Ok(entry) => self.state.apply(index, &entry, command),
            // Every replica has the same bytes and refuses them alike.
            Err(error) => Err(Refusal::UnsafePlan { text: format!("an entry this version cannot read: {error}") }),
        };
        serde_json::to_vec(&outcome).unwrap_or_default()
    }

    fn snapshot(&self) -> Vec<u8> {
        serde_json::to_vec(&self.state).unwrap_or_default()
    }

    fn restore(&mut self, snapshot: &[u8]) -> Result<(), MachineError> {
        self.state = serde_json::from_slice(snapshot).map_err(|e| MachineError(e.to_string()))?;
        Ok(())
    }
}
