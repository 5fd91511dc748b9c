//! The coordinator's program on simulated machines: in simulated sites it is a real process or task, which the test runs.
//!
//! Knows nothing of Raft.

use async_trait::async_trait;

/// What happens when a simulated machine runs the coordinator's program.
#[async_trait]
pub trait Coordinators: Send + Sync {
    /// `ha-coordinator join --address ADDRESS` ran on `machine` with this join string.
    ///
    /// # Errors
    /// What the program would say.
    async fn join(&self, machine: &str, address: &str, join_string: &str) -> Result<(), String>;
    /// The coordinator's unit on `machine` was started or stopped, also by a power cut or a boot.
    fn set_running(&self, machine: &str, running: bool);
    /// Whether its `/healthz` answers 200.
    fn is_healthy(&self, machine: &str) -> bool;
}

/// Joins without a word and is always well.
#[derive(Debug)]
pub(super) struct Agreeable;

#[async_trait]
impl Coordinators for Agreeable {
    async fn join(&self, _: &str, _: &str, _: &str) -> Result<(), String> {
        Ok(())
    }
    fn set_running(&self, _: &str, _: bool) {}
    fn is_healthy(&self, _: &str) -> bool {
        true
    }
}
