//! A tonic server with limits on everything a peer could ask for without end.
//!
//! Knows nothing of the services; message sizes are set on those, with the figures of [`ServerLimits::message_bytes`].

use std::time::Duration;

use tonic::transport::Server;

/// What one connection may ask for.
#[derive(Debug, Clone, Copy)]
pub struct ServerLimits {
    /// Streams open at once.
    pub streams: u32,
    /// Until a response begins. Long streams go on after that.
    pub request_timeout: Duration,
    /// After this the peer is asked to make a new connection; streams may still end in peace. A call that is just being made
    /// can meet the old connection's end, unsent: [`crate::diagnose`] says so, and the caller tries again.
    pub connection_age: Duration,
    /// The largest message a service should take: set it as its `max_decoding_message_size`.
    pub message_bytes: usize,
}

impl ServerLimits {
    /// For agents: small messages, one long stream.
    pub const fn agents() -> Self {
        Self { streams: 64, request_timeout: REQUEST, connection_age: AGE, message_bytes: 256 * 1024 }
    }
    /// For operators: specs can be large.
    pub const fn operators() -> Self {
        Self { message_bytes: 1024 * 1024, ..Self::agents() }
    }
    /// For other coordinators: many calls in flight, log entries in batches.
    pub const fn peers() -> Self {
        Self { streams: 256, message_bytes: 4 * 1024 * 1024, ..Self::agents() }
    }
}

const REQUEST: Duration = Duration::from_secs(30);
/// A little before the listener cuts the connection (an hour, give or take a tenth).
const AGE: Duration = Duration::from_secs(50 * 60);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_TIMEOUT: Duration = Duration::from_secs(5);
const HEADER_BYTES: u32 = 16 * 1024;
/// Resets by the peer of streams we have not taken up yet (rapid reset).
const PENDING_RESETS: usize = 20;
/// Resets we had to send because of the peer's errors.
const ERROR_RESETS: usize = 64;

/// A server builder with our limits: add services and feed it a [`crate::Listener`].
pub fn server(limits: &ServerLimits) -> Server {
    Server::builder()
        .http2_keepalive_interval(Some(KEEPALIVE_INTERVAL))
        .http2_keepalive_timeout(Some(KEEPALIVE_TIMEOUT))
        .http2_max_header_list_size(HEADER_BYTES)
        .http2_max_pending_accept_reset_streams(Some(PENDING_RESETS))
        .http2_max_local_error_reset_streams(Some(ERROR_RESETS))
        .max_concurrent_streams(limits.streams)
        .concurrency_limit_per_connection(limits.streams as usize)
        .load_shed(true)
        .timeout(limits.request_timeout)
        .max_connection_age(limits.connection_age)
}
