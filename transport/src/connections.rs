//! The register of live connections, so that a revocation closes those that are already open.
//!
//! Knows nothing of why they are closed.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ha_domain::id::Digest;
use tokio::sync::oneshot;

use crate::peer::Peer;

/// All live connections of a program's listeners; cloning shares.
#[derive(Debug, Clone, Default)]
pub struct Connections(Arc<Mutex<Register>>);

#[derive(Debug, Default)]
struct Register {
    next: u64,
    live: HashMap<u64, Live>,
}

#[derive(Debug)]
struct Live {
    peer: Peer,
    close: oneshot::Sender<()>,
}

impl Connections {
    /// Closes every live connection whose certificate is `fingerprint`; returns how many there were.
    ///
    /// Change what [`crate::Admission`] answers *first*: a connection that is just being made asks once more after it is
    /// in the register.
    pub fn close(&self, fingerprint: &Digest) -> usize {
        self.close_where(|peer| peer.fingerprint.as_ref() == Some(fingerprint))
    }

    /// Closes every live connection of a peer that `chosen` picks; returns how many there were.
    pub fn close_where(&self, chosen: impl Fn(&Peer) -> bool) -> usize {
        let picked: Vec<Live> =
            self.lock().live.extract_if(|_, live| chosen(&live.peer)).map(|(_, live)| live).collect();
        let count = picked.len();
        for live in picked {
            // The receiver is gone when the connection ended a moment ago: nothing to close then.
            let _ = live.close.send(());
        }
        count
    }

    /// Who is connected now, once for each connection.
    pub fn peers(&self) -> Vec<Peer> {
        self.lock().live.values().map(|live| live.peer.clone()).collect()
    }

    /// How many connections are live.
    pub fn count(&self) -> usize {
        self.lock().live.len()
    }

    /// Enters a connection. It leaves the register when the returned guard is dropped.
    pub(crate) fn enter(&self, peer: Peer) -> Registration {
        let (close, closed) = oneshot::channel();
        let mut register = self.lock();
        let number = register.next;
        register.next += 1;
        register.live.insert(number, Live { peer, close });
        Registration { register: self.clone(), number, closed }
    }

    fn lock(&self) -> MutexGuard<'_, Register> {
        // Each holder leaves the register whole, so a panic elsewhere while it was held does no harm.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection's place in the register.
#[derive(Debug)]
pub(crate) struct Registration {
    register: Connections,
    number: u64,
    pub(crate) closed: oneshot::Receiver<()>,
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.register.lock().live.remove(&self.number);
    }
}
