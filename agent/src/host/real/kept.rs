//! Connections that are kept between questions to one server under one certificate: on a control plane a handshake with
//! the API server or etcd costs more than the question itself, on both sides.
//!
//! Only for those who show a certificate: other probes want to see that a new connection is taken.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use sha2::{Digest as _, Sha256};

use super::HttpRequest;
use super::request::Moving;
use super::wire::Target;

/// A connection that nobody used for so long is closed.
const IDLE: Duration = Duration::from_secs(30);
/// Most that are kept.
const MOST: usize = 8;

/// What makes two questions fit on one connection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    authority: String,
    at: Option<SocketAddr>,
    trust: [u8; 32],
}

impl Key {
    /// `None` for a question that must have a connection of its own.
    pub(super) fn of(request: &HttpRequest<'_>, target: &Target) -> Option<Self> {
        let (chain, key) = request.tls.client?;
        let mut trust = Sha256::new();
        for part in [request.tls.ca_pem.unwrap_or_default(), chain, key] {
            trust.update(part.len().to_le_bytes());
            trust.update(part);
        }
        let trust = trust.finalize().into();
        Some(Self { authority: target.authority.clone(), at: request.connect, trust })
    }
}

/// A connection that can be asked.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) sender: SendRequest<Full<Bytes>>,
    pub(super) moving: Moving,
}

/// Connections that nobody asks at the moment.
#[derive(Debug, Default)]
pub(super) struct Kept {
    idle: Mutex<BTreeMap<Key, (Line, Instant)>>,
}

impl Kept {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, (Line, Instant)>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection for `key` that still stands as far as is known.
    pub(super) fn take(&self, key: &Key) -> Option<Line> {
        let (line, since) = self.lock().remove(key)?;
        (since.elapsed() < IDLE && !line.sender.is_closed()).then_some(line)
    }

    /// The answer was read to its end: the next may ask.
    pub(super) fn put(&self, key: Key, line: Line) {
        let mut idle = self.lock();
        idle.retain(|_, (line, since)| since.elapsed() < IDLE && !line.sender.is_closed());
        if idle.len() < MOST && !line.sender.is_closed() {
            idle.insert(key, (line, Instant::now()));
        }
    }
}
