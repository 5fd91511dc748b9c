//! The accept loop: takes TCP connections, lets each shake hands in a task of its own, hands on those that are admitted.
//!
//! It must never spin, never wait for one peer, and never end while the listener lives.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;

use crate::connection::Connection;
use crate::counters::Reason;
use crate::error::Error;
use crate::handshake;
use crate::listen::ListenConfig;
use crate::pending::{Pending, Place};
use crate::store::Ready;
use crate::tls;
use crate::verify::ClientVerifier;

/// How long to leave the queue alone when nothing can be taken from it.
const PAUSE: Duration = Duration::from_millis(50);

pub(crate) struct Acceptor {
    tcp: TcpListener,
    config: Arc<ListenConfig>,
    admit: mpsc::Sender<Connection>,
    pending: Pending,
    seats: Arc<Semaphore>,
    /// Dropped with the loop: handshakes end when the listener does.
    handshakes: JoinSet<()>,
    tls: Serving,
}

/// The TLS configuration and the credentials it was made of.
struct Serving {
    ready: Arc<Ready>,
    config: Arc<ServerConfig>,
}

impl Serving {
    fn of(ready: Arc<Ready>, config: &ListenConfig) -> Result<Self, Error> {
        let verifier = Arc::new(ClientVerifier::new(&ready, config)?);
        let config = Arc::new(tls::server_config(&ready, verifier)?);
        Ok(Self { ready, config })
    }
}

impl Acceptor {
    pub(crate) fn new(tcp: TcpListener, config: ListenConfig, admit: mpsc::Sender<Connection>) -> Result<Self, Error> {
        let limits = config.limits;
        Ok(Self {
            tls: Serving::of(config.credentials.current(), &config)?,
            pending: Pending::new(limits.handshakes, limits.handshakes_per_address),
            seats: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            handshakes: JoinSet::new(),
            config: Arc::new(config),
            tcp,
            admit,
        })
    }

    pub(crate) async fn run(mut self) {
        loop {
            tokio::select! {
                taken = self.tcp.accept() => match taken {
                    Ok((tcp, address)) => self.take(tcp, address),
                    Err(e) => self.pause(&e).await,
                },
                // Reaps the handshakes that are over.
                Some(_) = self.handshakes.join_next() => {}
                () = self.admit.closed() => return,
            }
        }
    }

    fn take(&mut self, tcp: TcpStream, address: SocketAddr) {
        self.config.counters.count_accepted();
        match self.place_for(address) {
            Ok((place, seat)) => self.begin(tcp, address, place, seat),
            Err(reason) => self.config.counters.count_refused(reason),
        }
    }

    fn place_for(&self, address: SocketAddr) -> Result<(Place, OwnedSemaphorePermit), Reason> {
        let place = self.pending.enter(address.ip())?;
        let seat = Arc::clone(&self.seats).try_acquire_owned().map_err(|_| Reason::TooManyConnections)?;
        Ok((place, seat))
    }

    fn begin(&mut self, tcp: TcpStream, address: SocketAddr, place: Place, seat: OwnedSemaphorePermit) {
        let tls = TlsAcceptor::from(self.current_tls());
        let config = Arc::clone(&self.config);
        let admit = self.admit.clone();
        self.handshakes.spawn(async move {
            let outcome = handshake::shake(&config, tls, tcp, address).await;
            drop(place);
            match outcome.and_then(|(io, peer)| handshake::enter(&config, io, peer, seat)) {
                // The server is gone when this fails, and the connection with it.
                Ok(connection) => drop(admit.send(connection).await),
                Err(reason) => {
                    config.counters.count_refused(reason);
                    tracing::debug!(%address, reason = reason.label(), "connection refused");
                }
            }
        });
    }

    /// Made anew when the credentials were replaced since the last connection.
    fn current_tls(&mut self) -> Arc<ServerConfig> {
        let now = self.config.credentials.current();
        if !Arc::ptr_eq(&now, &self.tls.ready) {
            match Serving::of(now, &self.config) {
                Ok(fresh) => self.tls = fresh,
                Err(e) => tracing::error!(error = %e, "the new certificate cannot be served; the old one stays"),
            }
        }
        Arc::clone(&self.tls.config)
    }

    /// Taking a connection failed: the peer left already, or there are no descriptors left (then waiting is all one can do).
    async fn pause(&self, e: &io::Error) {
        match e.kind() {
            io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted => {}
            _ => {
                if self.config.counters.count_exhausted().is_multiple_of(200) {
                    tracing::error!(error = %e, "cannot take connections; raise LimitNOFILE or close some");
                }
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}
