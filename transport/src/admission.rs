//! Whether a certificate that our authority signed still counts: asked for each connection, and why one is turned away.
//!
//! The answer comes from the replicated state through [`Admission`]; nothing here knows it.

use ha_domain::id::{Digest, Identity};

/// Decides by the registered certificates. Called during a handshake: it must answer at once, from memory.
pub trait Admission: Send + Sync + 'static {
    /// `Ok` when the certificate is registered, not revoked, and of a kind that belongs on this listener.
    ///
    /// # Errors
    /// The reason to turn it away.
    fn admits(&self, fingerprint: &Digest, identity: &Identity) -> Result<(), Refusal>;
}

impl<F> Admission for F
where
    F: Fn(&Digest, &Identity) -> Result<(), Refusal> + Send + Sync + 'static,
{
    fn admits(&self, fingerprint: &Digest, identity: &Identity) -> Result<(), Refusal> {
        self(fingerprint, identity)
    }
}

/// Why a certificate is turned away although our authority signed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It has no URI name, several, or one that is no identity.
    #[error("it does not name exactly one identity")]
    NoIdentity,
    /// It speaks for a member of another cluster.
    #[error("it is of another cluster")]
    OtherCluster,
    /// The replicated state does not know it.
    #[error("it is not registered")]
    Unregistered,
    /// It was revoked.
    #[error("it was revoked")]
    Revoked,
    /// It is of a kind that has no business on this listener.
    #[error("its kind is not served here")]
    OtherKind,
}
