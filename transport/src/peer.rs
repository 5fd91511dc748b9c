//! Who is at the other end of a connection. Handlers find it with `request.extensions().get::<Peer>()`.
//!
//! Knows nothing of what the peer may do.

use std::net::SocketAddr;
use std::time::SystemTime;

use ha_domain::id::{Digest, Identity};

use crate::certificate::Facts;
use crate::instant::time_at;

/// The other end, as its certificate says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    /// Whom it speaks for; `None` when it showed no certificate (where that is allowed).
    pub identity: Option<Identity>,
    /// SHA-256 of its certificate.
    pub fingerprint: Option<Digest>,
    /// Its address.
    pub address: SocketAddr,
    /// Whether the certificate is within its time.
    pub standing: Standing,
}

/// How much a peer's certificate is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// No certificate: may only enrol or log in.
    Anonymous,
    /// A certificate within its time.
    Valid,
    /// A certificate past its time but within the listener's grace: may only renew.
    Expired,
}

impl Peer {
    pub(crate) fn anonymous(address: SocketAddr) -> Self {
        Self { identity: None, fingerprint: None, address, standing: Standing::Anonymous }
    }

    pub(crate) fn certified(facts: &Facts, identity: Identity, address: SocketAddr) -> Self {
        let expired = facts.not_after < time_at(SystemTime::now());
        let standing = if expired { Standing::Expired } else { Standing::Valid };
        Self { identity: Some(identity), fingerprint: Some(facts.fingerprint.clone()), address, standing }
    }
}
