//! What an action asks of the mesh: files that another machine holds.
//!
//! Knows nothing of the stream they come by.

use std::path::Path;

use async_trait::async_trait;
use ha_domain::id::Digest;

use super::ActError;

/// The mesh, as far as actions need it.
#[async_trait]
pub trait Mesh: Send + Sync {
    /// Puts the package with this sha256 at `to`, whole or not at all.
    ///
    /// # Errors
    /// No coordinator has it, or none can be reached.
    async fn package(&self, digest: &Digest, to: &Path) -> Result<(), ActError>;

    /// How far this machine's clock was ahead of the leader's when they last met, in milliseconds; negative when it was
    /// behind. `None` where no leader told its time.
    fn clock_ahead_ms(&self) -> Option<i64>;
}
