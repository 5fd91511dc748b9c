//! What a listener does with peers that are silent, too many, or speak something else.

use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_transport::{Credentials, ListenConfig, ListenLimits, Reason};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::echo::who;
use crate::site::{Served, Site, agent, until};

/// Trusts every server: the client of somebody who only wants in.
#[derive(Debug)]
struct Gullible;

impl ServerCertVerifier for Gullible {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }
    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }
    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::ring::default_provider().signature_verification_algorithms.supported_schemes()
    }
}

async fn raw(served: &Served, credentials: &Credentials, alpn: &[&[u8]]) -> std::io::Result<TlsStream<TcpStream>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = CertificateDer::pem_slice_iter(credentials.certificate_pem.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(credentials.key_pem.expose().as_bytes()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Gullible))
        .with_client_auth_cert(chain, key)
        .unwrap();
    config.alpn_protocols = alpn.iter().map(|p| p.to_vec()).collect();
    let tcp = TcpStream::connect(served.address).await?;
    TlsConnector::from(Arc::new(config)).connect("coordinator.ha.internal".try_into().unwrap(), tcp).await
}

/// Opens HTTP/2 with a plain TLS stack and reads what comes back.
pub(crate) async fn raw_call(served: &Served, credentials: &Credentials) -> std::io::Result<Vec<u8>> {
    let mut tls = raw(served, credentials, &[b"h2"]).await?;
    tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await?;
    let mut answer = vec![0; 64];
    let n = tls.read(&mut answer).await?;
    answer.truncate(n);
    if n == 0 { Err(std::io::ErrorKind::UnexpectedEof.into()) } else { Ok(answer) }
}

/// The fingerprint of the certificate that a new connection is served with.
pub(crate) async fn served_fingerprint(served: &Served, site: &Site) -> Digest {
    let tls = raw(served, &site.credentials(agent("looker")), &[b"h2"]).await.unwrap();
    let chain = tls.get_ref().1.peer_certificates().unwrap();
    assert_eq!(chain.len(), 2, "the authority is sent along");
    Digest::of(&chain[0])
}

fn tight(handshakes: usize, from_one: usize, connections: usize) -> ListenLimits {
    ListenLimits {
        handshake_timeout: Duration::from_millis(300),
        handshakes,
        handshakes_per_address: from_one,
        connections,
        ..ListenLimits::default()
    }
}

async fn served_with(site: &Site, limits: ListenLimits) -> Served {
    Served::by(ListenConfig { limits, ..site.config() }).await
}

/// A connection that says nothing; `true` when the server hung up on it within two seconds.
async fn hung_up(mut silent: TcpStream) -> bool {
    let mut byte = [0; 1];
    let read = tokio::time::timeout(Duration::from_secs(2), silent.read(&mut byte)).await;
    matches!(read, Ok(Ok(0) | Err(_)))
}

#[tokio::test]
async fn the_plain_client_itself_works() {
    // Otherwise the refusals that other tests see through it would mean nothing.
    let site = Site::new("site");
    let served = served_with(&site, ListenLimits::default()).await;
    assert!(raw_call(&served, &site.credentials(agent("n1"))).await.is_ok());
}

#[tokio::test]
async fn silent_connections_are_dropped_and_others_served_meanwhile() {
    let site = Site::new("site");
    let served = served_with(&site, tight(64, 64, 64)).await;
    let mut silent = Vec::new();
    for _ in 0..20 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    assert!(who(&served.channel(&site.store(agent("n1")))).await.is_ok(), "served while they were silent");
    for one in silent {
        assert!(hung_up(one).await);
    }
    served.refused(Reason::HandshakeTimeout, 20).await;
}

#[tokio::test]
async fn one_address_cannot_take_all_handshakes() {
    let site = Site::new("site");
    let served = served_with(&site, tight(10, 4, 64)).await;
    let mut silent = Vec::new();
    for _ in 0..6 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    served.refused(Reason::TooManyFromAddress, 2).await;
    served.refused(Reason::HandshakeTimeout, 4).await;
    assert!(who(&served.channel(&site.store(agent("n1")))).await.is_ok(), "and the places are free again");
}

#[tokio::test]
async fn handshakes_are_limited_in_all() {
    let site = Site::new("site");
    let served = served_with(&site, tight(3, 10, 64)).await;
    let mut silent = Vec::new();
    for _ in 0..5 {
        silent.push(TcpStream::connect(served.address).await.unwrap());
    }
    served.refused(Reason::TooManyHandshakes, 2).await;
}

#[tokio::test]
async fn connections_are_limited_in_all_and_their_seats_come_free() {
    let site = Site::new("site");
    let served = served_with(&site, tight(64, 64, 2)).await;
    let (a, b) = (served.channel(&site.store(agent("n1"))), served.channel(&site.store(agent("n2"))));
    assert!(who(&a).await.is_ok() && who(&b).await.is_ok());
    let third = served.channel(&site.store(agent("n3")));
    assert!(who(&third).await.is_err());
    served.refused(Reason::TooManyConnections, 1).await;
    drop(a);
    until("the seat is free", || served.connections.count() == 1).await;
    assert!(who(&third).await.is_ok());
}

#[tokio::test]
async fn what_is_not_tls_is_refused_at_once() {
    let site = Site::new("site");
    let served = served_with(&site, ListenLimits::default()).await;
    let mut plain = TcpStream::connect(served.address).await.unwrap();
    plain.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
    served.refused(Reason::Protocol, 1).await;
}

#[tokio::test]
async fn tls_without_http_2_is_refused() {
    let site = Site::new("site");
    let served = served_with(&site, ListenLimits::default()).await;
    let credentials = site.credentials(agent("n1"));
    let _ = raw(&served, &credentials, &[b"http/1.1"]).await;
    served.refused(Reason::Protocol, 1).await;
    let _silent_about_it = raw(&served, &credentials, &[]).await;
    served.refused(Reason::Protocol, 2).await;
    assert_eq!(served.counters.admitted(), 0);
}

#[tokio::test]
async fn what_is_not_http_2_after_the_handshake_ends_that_connection_and_no_other() {
    let site = Site::new("site");
    let served = served_with(&site, ListenLimits::default()).await;
    let good = served.channel(&site.store(agent("n1")));
    who(&good).await.unwrap();
    let mut bad = raw(&served, &site.credentials(agent("n2")), &[b"h2"]).await.unwrap();
    bad.write_all(&[0xff; 4096]).await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(2), bad.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "it is still open");
    until("it left the register", || served.connections.count() == 1).await;
    assert!(who(&good).await.is_ok());
    assert_eq!(served.echo.entered(), 2);
}

#[tokio::test]
async fn no_session_can_be_resumed_past_the_certificate_check() {
    let site = Site::new("site");
    let served = served_with(&site, ListenLimits::default()).await;
    let mut tls = raw(&served, &site.credentials(agent("n1")), &[b"h2"]).await.unwrap();
    tls.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let mut answer = [0; 16];
    assert!(tls.read(&mut answer).await.unwrap() > 0);
    assert_eq!(tls.get_ref().1.tls13_tickets_received(), 0);
}
