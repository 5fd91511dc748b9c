//! A listener: what it is told, and the stream of admitted connections that it is.
//!
//! Feed it to `Server::serve_with_incoming`. Knows nothing of the services behind it.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_stream::Stream;

use crate::accept::Acceptor;
use crate::admission::Admission;
use crate::connection::Connection;
use crate::connections::Connections;
use crate::counters::Counters;
use crate::error::Error;
use crate::store::CredentialStore;

/// How much a listener takes on.
#[derive(Debug, Clone, Copy)]
pub struct ListenLimits {
    /// How long a TLS handshake may take.
    pub handshake_timeout: Duration,
    /// Handshakes under way.
    pub handshakes: usize,
    /// Handshakes under way from one address (for IPv6: one /64).
    pub handshakes_per_address: usize,
    /// Open connections, handshakes included.
    pub connections: usize,
    /// How long a connection lives, give or take a tenth so that not all end at once. It is cut then: let the server
    /// ask for its end earlier (see [`crate::ServerLimits`]).
    pub connection_age: Duration,
}

impl Default for ListenLimits {
    fn default() -> Self {
        Self {
            handshake_timeout: Duration::from_secs(3),
            handshakes: 128,
            handshakes_per_address: 32,
            connections: 4096,
            connection_age: Duration::from_secs(3600),
        }
    }
}

/// Whether a client must show a certificate. One that is shown is always checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientAuth {
    /// None shown, none served.
    Required,
    /// For enrolment and login.
    Optional,
}

/// What a listener is told. Begin with [`ListenConfig::new`] and change what differs.
#[derive(Clone)]
pub struct ListenConfig {
    /// How much it takes on.
    pub limits: ListenLimits,
    /// Whether clients must show a certificate.
    pub client_auth: ClientAuth,
    /// Our own certificate; looked at for each new connection.
    pub credentials: CredentialStore,
    /// Whether a client's certificate counts.
    pub admission: Arc<dyn Admission>,
    /// Where live connections are registered.
    pub connections: Connections,
    /// Where things are counted.
    pub counters: Arc<Counters>,
    /// For how long after its end a certificate is still let in, as [`crate::Standing::Expired`]. Zero by default.
    pub expired_grace: Duration,
}

impl ListenConfig {
    /// Default limits, certificates required, a register and counters of its own.
    pub fn new(credentials: CredentialStore, admission: Arc<dyn Admission>) -> Self {
        Self {
            limits: ListenLimits::default(),
            client_auth: ClientAuth::Required,
            credentials,
            admission,
            connections: Connections::default(),
            counters: Arc::default(),
            expired_grace: Duration::ZERO,
        }
    }
}

/// Admitted connections, one after the other. Dropping it closes the port; connections that were handed out go on.
pub struct Listener {
    admitted: mpsc::Receiver<Connection>,
    address: SocketAddr,
    accepting: JoinHandle<()>,
}

impl Listener {
    /// Listens on `address` (port 0: any).
    ///
    /// # Errors
    /// When the address cannot be had or the credentials cannot serve.
    pub async fn bind(address: SocketAddr, config: ListenConfig) -> Result<Self, Error> {
        let failed = |source| Error::Bind { address, source };
        let tcp = TcpListener::bind(address).await.map_err(failed)?;
        Self::from_tcp(tcp, config)
    }

    /// Takes over a socket that listens already.
    ///
    /// # Errors
    /// When the credentials cannot serve.
    pub fn from_tcp(tcp: TcpListener, config: ListenConfig) -> Result<Self, Error> {
        let unbound = SocketAddr::from(([0, 0, 0, 0], 0));
        let address = tcp.local_addr().map_err(|source| Error::Bind { address: unbound, source })?;
        // Small: connections wait in the kernel's queue rather than in ours.
        let (admit, admitted) = mpsc::channel(16);
        let acceptor = Acceptor::new(tcp, config, admit)?;
        Ok(Self { admitted, address, accepting: tokio::spawn(acceptor.run()) })
    }

    /// The address it listens on.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

impl Stream for Listener {
    type Item = io::Result<Connection>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.admitted.poll_recv(cx).map(|next| next.map(Ok))
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}
