//! Requests to a TLS server on loopback: whom they believe, and whom they show.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::WebPkiClientVerifier;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use super::*;
use crate::host::Tls;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// Certificate and key in PEM, and in DER for a server.
fn leaf(authority: &Authority) -> (String, String, rustls::pki_types::CertificateDer<'static>, PrivateKeyDer<'static>) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["site.test".to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    let der = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    (certificate.pem(), key.serialize_pem(), certificate.der().clone(), der)
}

/// Answers `each` requests of a connection with 204, each with the connection's number, then closes it; asks for a
/// certificate of `clients` where given.
async fn server(own: &Authority, clients: Option<&Authority>, each: usize) -> SocketAddr {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        None => builder.with_no_client_auth(),
        Some(clients) => {
            let mut roots = rustls::RootCertStore::empty();
            roots.add(clients.der().clone()).unwrap();
            builder.with_client_cert_verifier(
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap(),
            )
        }
    };
    let (_, _, certificate, key) = leaf(own);
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(builder.with_single_cert(vec![certificate], key).unwrap()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let mut number = 0;
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            let Ok(mut tls) = acceptor.accept(tcp).await else { continue };
            number += 1;
            for _ in 0..each {
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match tls.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let answer = format!("HTTP/1.1 204 No Content\r\nX-Connection: {number}\r\n\r\n");
                let _ = tls.write_all(answer.as_bytes()).await;
            }
        }
    });
    address
}

async fn ask(at: SocketAddr, tls: Tls<'_>) -> Result<HttpResponse, String> {
    ask_by(&Kept::default(), at, tls).await
}

async fn ask_by(kept: &Kept, at: SocketAddr, tls: Tls<'_>) -> Result<HttpResponse, String> {
    let request = HttpRequest {
        method: "GET",
        url: "https://site.test/",
        connect: Some(at),
        headers: Vec::new(),
        body: Vec::new(),
        tls,
        timeout: Duration::from_secs(5),
    };
    send(request, kept).await.map_err(|e| e.to_string())
}

#[tokio::test]
async fn a_server_is_believed_by_its_authority_or_by_nobodys_question() {
    let (own, other) = (authority(), authority());
    let at = server(&own, None, 1).await;
    let of = |a: &Authority| a.pem();
    let answer = ask(at, Tls { ca_pem: Some(of(&own).as_bytes()), client: None }).await.unwrap();
    assert_eq!((answer.status, answer.headers[0].clone()), (204, ("x-connection".to_owned(), "1".to_owned())));
    ask(at, Tls::default()).await.unwrap();
    let refused = ask(at, Tls { ca_pem: Some(of(&other).as_bytes()), client: None }).await.unwrap_err();
    assert!(refused.contains("certificate"), "{refused}");
    assert!(ask(at, Tls { ca_pem: Some(b"no pem"), client: None }).await.is_err());
}

#[tokio::test]
async fn a_certificate_is_shown_to_a_server_that_asks_for_one() {
    let (own, clients) = (authority(), authority());
    let at = server(&own, Some(&clients), 1).await;
    let ca = own.pem();
    let (certificate, key, ..) = leaf(&clients);
    let client = Some((certificate.as_bytes(), key.as_bytes()));
    assert_eq!(ask(at, Tls { ca_pem: Some(ca.as_bytes()), client }).await.unwrap().status, 204);
    assert!(ask(at, Tls { ca_pem: Some(ca.as_bytes()), client: None }).await.is_err());
}

/// Which connections of the server answered, question by question.
async fn answered(each: usize, with_certificate: bool) -> Vec<String> {
    let (own, clients) = (authority(), authority());
    let at = server(&own, with_certificate.then_some(&clients), each).await;
    let (ca, kept) = (own.pem(), Kept::default());
    let (certificate, key, ..) = leaf(&clients);
    let client = with_certificate.then_some((certificate.as_bytes(), key.as_bytes()));
    let mut seen = Vec::new();
    for _ in 0..3 {
        let tls = Tls { ca_pem: Some(ca.as_bytes()), client };
        seen.push(ask_by(&kept, at, tls).await.unwrap().headers[0].1.clone());
    }
    seen
}

#[tokio::test]
async fn a_connection_under_a_certificate_is_asked_again() {
    assert_eq!(answered(3, true).await, ["1", "1", "1"]);
}

#[tokio::test]
async fn a_connection_that_the_server_closed_is_not_missed() {
    assert_eq!(answered(1, true).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn without_a_certificate_each_question_has_a_new_connection() {
    assert_eq!(answered(3, false).await, ["1", "2", "3"]);
}
