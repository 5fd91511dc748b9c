//! How many connections came, were let in, and were turned away for which reason.
//!
//! Only counts. Rendering them as metrics is the reader's business.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Why a connection was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reason {
    /// Too many connections are open.
    TooManyConnections,
    /// Too many handshakes are under way.
    TooManyHandshakes,
    /// Too many handshakes are under way from this address.
    TooManyFromAddress,
    /// The handshake took too long.
    HandshakeTimeout,
    /// What came was not TLS 1.3 with HTTP/2, or the peer gave up.
    Protocol,
    /// A certificate is required here and none was shown.
    NoCertificate,
    /// The certificate is not signed by our authority, or is malformed or of the wrong purpose.
    Untrusted,
    /// The certificate's time is over, or has not begun.
    OutOfTime,
    /// The certificate does not name exactly one identity.
    NoIdentity,
    /// The certificate is of another cluster.
    OtherCluster,
    /// The certificate is not registered.
    Unregistered,
    /// The certificate was revoked.
    Revoked,
    /// The certificate is of a kind that is not served here.
    OtherKind,
}

impl Reason {
    /// Every reason, in the order of the enumeration.
    pub const ALL: [Self; 13] = [
        Self::TooManyConnections,
        Self::TooManyHandshakes,
        Self::TooManyFromAddress,
        Self::HandshakeTimeout,
        Self::Protocol,
        Self::NoCertificate,
        Self::Untrusted,
        Self::OutOfTime,
        Self::NoIdentity,
        Self::OtherCluster,
        Self::Unregistered,
        Self::Revoked,
        Self::OtherKind,
    ];

    /// The reason as a metric's label.
    pub fn label(self) -> &'static str {
        match self {
            Self::TooManyConnections => "too-many-connections",
            Self::TooManyHandshakes => "too-many-handshakes",
            Self::TooManyFromAddress => "too-many-from-address",
            Self::HandshakeTimeout => "handshake-timeout",
            Self::Protocol => "protocol",
            Self::NoCertificate => "no-certificate",
            Self::Untrusted => "untrusted",
            Self::OutOfTime => "out-of-time",
            Self::NoIdentity => "no-identity",
            Self::OtherCluster => "other-cluster",
            Self::Unregistered => "unregistered",
            Self::Revoked => "revoked",
            Self::OtherKind => "other-kind",
        }
    }
}

/// Counters of one listener, or of several that share them. They only grow.
#[derive(Debug, Default)]
pub struct Counters {
    accepted: AtomicU64,
    admitted: AtomicU64,
    descriptors_exhausted: AtomicU64,
    refused: [AtomicU64; Reason::ALL.len()],
}

impl Counters {
    /// TCP connections that came.
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Relaxed)
    }
    /// Connections that were handed to the server after a good handshake.
    pub fn admitted(&self) -> u64 {
        self.admitted.load(Relaxed)
    }
    /// How often a connection could not be taken because the process or machine had no descriptors or memory left.
    pub fn descriptors_exhausted(&self) -> u64 {
        self.descriptors_exhausted.load(Relaxed)
    }
    /// Connections turned away for `reason`.
    pub fn refused(&self, reason: Reason) -> u64 {
        self.slot(reason).map_or(0, |count| count.load(Relaxed))
    }
    /// Connections turned away, each reason with its count.
    pub fn all_refused(&self) -> impl Iterator<Item = (Reason, u64)> + '_ {
        Reason::ALL.into_iter().map(|reason| (reason, self.refused(reason)))
    }

    pub(crate) fn count_accepted(&self) {
        self.accepted.fetch_add(1, Relaxed);
    }
    pub(crate) fn count_admitted(&self) {
        self.admitted.fetch_add(1, Relaxed);
    }
    /// Returns how many there were before.
    pub(crate) fn count_exhausted(&self) -> u64 {
        self.descriptors_exhausted.fetch_add(1, Relaxed)
    }
    pub(crate) fn count_refused(&self, reason: Reason) {
        if let Some(count) = self.slot(reason) {
            count.fetch_add(1, Relaxed);
        }
    }
    fn slot(&self, reason: Reason) -> Option<&AtomicU64> {
        self.refused.get(reason as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_counter_and_a_label_of_its_own() {
        let counters = Counters::default();
        for reason in Reason::ALL {
            counters.count_refused(reason);
            assert_eq!(counters.refused(reason), 1, "{reason:?}");
        }
        let labels: std::collections::BTreeSet<_> = Reason::ALL.iter().map(|r| r.label()).collect();
        assert_eq!(labels.len(), Reason::ALL.len());
    }
}
