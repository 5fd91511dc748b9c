//! One handshake: within its time, TLS 1.3 and HTTP/2, a certificate that counts. Everything else has its [`Reason`].
//!
//! Knows nothing of how many others are under way.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use rand::Rng;
use rustls::CertificateError;
use tokio::net::TcpStream;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::admission::Refusal;
use crate::certificate::Facts;
use crate::connection::Connection;
use crate::counters::Reason;
use crate::instant::until;
use crate::listen::ListenConfig;
use crate::peer::{Peer, Standing};
use crate::tls::ALPN;

/// Shakes hands and tells who it is.
pub(crate) async fn shake(
    config: &ListenConfig,
    tls: TlsAcceptor,
    tcp: TcpStream,
    address: SocketAddr,
) -> Result<(TlsStream<TcpStream>, Peer), Reason> {
    tcp.set_nodelay(true).map_err(|_| Reason::Protocol)?;
    let io = match timeout(config.limits.handshake_timeout, tls.accept(tcp)).await {
        Err(_) => return Err(Reason::HandshakeTimeout),
        Ok(Err(e)) => return Err(reason_of(&e)),
        Ok(Ok(io)) => io,
    };
    if io.get_ref().1.alpn_protocol() != Some(ALPN) {
        return Err(Reason::Protocol);
    }
    let peer = peer_of(&io, address)?;
    Ok((io, peer))
}

/// Enters the register, then asks once more: a revocation between the handshake and the register must not slip through.
pub(crate) fn enter(
    config: &ListenConfig,
    io: TlsStream<TcpStream>,
    peer: Peer,
    seat: OwnedSemaphorePermit,
) -> Result<Connection, Reason> {
    let deadline = Instant::now() + lifetime(config, &io, &peer);
    let registration = config.connections.enter(peer.clone());
    if let (Some(fingerprint), Some(identity)) = (&peer.fingerprint, &peer.identity) {
        config.admission.admits(fingerprint, identity).map_err(Reason::from)?;
    }
    config.counters.count_admitted();
    Ok(Connection::new(io, peer, registration, deadline, seat))
}

fn peer_of(io: &TlsStream<TcpStream>, address: SocketAddr) -> Result<Peer, Reason> {
    let Some(facts) = facts_of(io) else { return Ok(Peer::anonymous(address)) };
    let facts = facts.map_err(|_| Reason::Untrusted)?;
    let identity = facts.identity().map_err(Reason::from)?;
    Ok(Peer::certified(&facts, identity, address))
}

fn facts_of(io: &TlsStream<TcpStream>) -> Option<Result<Facts, crate::Error>> {
    let certs = io.get_ref().1.peer_certificates()?;
    certs.first().map(|cert| Facts::of_der(cert))
}

/// The listener's age limit give or take a tenth, but never beyond the certificate's own end.
fn lifetime(config: &ListenConfig, io: &TlsStream<TcpStream>, peer: &Peer) -> Duration {
    let age = config.limits.connection_age.mul_f64(rand::rng().random_range(0.9..1.1));
    match (peer.standing, facts_of(io)) {
        (Standing::Valid, Some(Ok(facts))) => age.min(until(facts.not_after)),
        (Standing::Valid | Standing::Anonymous | Standing::Expired, _) => age,
    }
}

/// Why the TLS library, or our verifier inside it, ended the handshake.
fn reason_of(e: &io::Error) -> Reason {
    let tls = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls {
        Some(rustls::Error::NoCertificatesPresented) => Reason::NoCertificate,
        Some(rustls::Error::InvalidCertificate(why)) => reason_of_certificate(why),
        _ => Reason::Protocol,
    }
}

fn reason_of_certificate(why: &CertificateError) -> Reason {
    use CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext, Other, Revoked};
    match why {
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. } => Reason::OutOfTime,
        Revoked => Reason::Revoked,
        Other(ours) => ours.0.downcast_ref::<Refusal>().map_or(Reason::Untrusted, |refusal| (*refusal).into()),
        _ => Reason::Untrusted,
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::NoIdentity => Self::NoIdentity,
            Refusal::OtherCluster => Self::OtherCluster,
            Refusal::Unregistered => Self::Unregistered,
            Refusal::Revoked => Self::Revoked,
            Refusal::OtherKind => Self::OtherKind,
        }
    }
}
