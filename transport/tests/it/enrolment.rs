//! The pinned channel of an enrolment: before the pin is checked, not one byte is said.

use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_transport::{Cause, ChannelOptions, ClientAuth, Endpoint, Error, ListenConfig, pinned_channel};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use crate::echo::who;
use crate::site::{Served, Site, agent, coordinator};

fn options() -> ChannelOptions {
    ChannelOptions { connect_timeout: Duration::from_secs(2), ..ChannelOptions::default() }
}

async fn optional(site: &Site) -> Served {
    Served::by(ListenConfig { client_auth: ClientAuth::Optional, ..site.config() }).await
}

#[tokio::test]
async fn the_pinned_authority_is_talked_to_and_its_certificate_kept() {
    let site = Site::new("site");
    let served = optional(&site).await;
    let pinned = pinned_channel(&served.endpoint, site.ca.pin(), &options()).await.unwrap();
    assert_eq!(who(&pinned.channel).await.unwrap(), "nobody Anonymous");
    assert_eq!(pinned.ca_pem, site.ca.ca_pem().replace("\r\n", "\n"));
    assert_eq!(&pinned.cluster, site.ca.cluster());
    assert_eq!(served.counters.accepted(), 1, "the checked connection itself is used");
}

#[tokio::test]
async fn a_certificate_that_need_not_be_shown_is_still_checked_when_it_is() {
    let (site, forger) = (Site::new("site"), Site::new("site"));
    let served = optional(&site).await;
    assert_eq!(who(&served.channel(&site.store(agent("n1")))).await.unwrap(), "spiffe://site/agent/n1 Valid");
    let mut forged = forger.credentials(agent("n1"));
    forged.ca_pem = site.ca.ca_pem().to_owned();
    let forged = ha_transport::CredentialStore::new(forged).unwrap();
    assert!(who(&served.channel(&forged)).await.is_err());
    assert_eq!(served.echo.entered(), 1);
}

/// A TLS server that shows `chain`, and reports what the first client said inside TLS: the bytes, or why there were none.
async fn eavesdropper(chain: &str, key: &str) -> (Endpoint, tokio::task::JoinHandle<Result<Vec<u8>, String>>) {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = CertificateDer::pem_slice_iter(chain.as_bytes()).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = tcp.local_addr().unwrap().into();
    let heard = tokio::spawn(async move {
        let (client, _) = tcp.accept().await.unwrap();
        let mut tls = TlsAcceptor::from(Arc::new(config)).accept(client).await.map_err(|e| e.to_string())?;
        // As an HTTP/2 server would, it speaks first: an empty SETTINGS frame.
        tls.write_all(&[0, 0, 0, 4, 0, 0, 0, 0, 0]).await.map_err(|e| e.to_string())?;
        let mut heard = Vec::new();
        match tls.read_to_end(&mut heard).await {
            Err(e) if heard.is_empty() => Err(e.to_string()),
            Ok(_) | Err(_) => Ok(heard),
        }
    });
    (endpoint, heard)
}

async fn mismatch(endpoint: &Endpoint, pin: &Digest) -> Error {
    match pinned_channel(endpoint, pin, &options()).await {
        Ok(pinned) => panic!("talked to the wrong authority: {:?}", who(&pinned.channel).await),
        Err(e) => e,
    }
}

#[tokio::test]
async fn another_authority_hears_not_one_byte() {
    let (site, impostor) = (Site::new("site"), Site::new("site"));
    let shown = impostor.credentials(coordinator(1));
    let chain = format!("{}{}", shown.certificate_pem, shown.ca_pem);
    let (endpoint, heard) = eavesdropper(&chain, shown.key_pem.expose()).await;
    let refused = mismatch(&endpoint, site.ca.pin()).await;
    assert!(matches!(&refused, Error::Connect(f) if f.cause == Cause::PinMismatch), "{refused}");
    let heard = heard.await.unwrap();
    assert!(heard.is_err(), "{heard:?}");
}

#[tokio::test]
async fn the_eavesdropper_does_hear_what_is_said_to_the_right_authority() {
    // Otherwise the test above could not fail.
    let site = Site::new("site");
    let shown = site.credentials(coordinator(1));
    let chain = format!("{}{}", shown.certificate_pem, shown.ca_pem);
    let (endpoint, heard) = eavesdropper(&chain, shown.key_pem.expose()).await;
    let pinned = pinned_channel(&endpoint, site.ca.pin(), &options()).await.unwrap();
    let _ = tokio::time::timeout(Duration::from_millis(200), who(&pinned.channel)).await;
    drop(pinned);
    let heard = heard.await.unwrap();
    assert!(heard.as_ref().is_ok_and(|bytes| bytes.starts_with(b"PRI * HTTP/2.0")), "{heard:?}");
}

#[tokio::test]
async fn the_right_authority_s_certificate_beside_a_foreign_leaf_is_not_enough() {
    // Whoever has seen our authority's certificate (it is public) sends it along with a leaf of another authority.
    let (site, impostor) = (Site::new("site"), Site::new("site"));
    let shown = impostor.credentials(coordinator(1));
    let chain = format!("{}{}", shown.certificate_pem, site.ca.ca_pem());
    let (endpoint, heard) = eavesdropper(&chain, shown.key_pem.expose()).await;
    let refused = mismatch(&endpoint, site.ca.pin()).await;
    assert!(matches!(&refused, Error::Connect(f) if matches!(f.cause, Cause::ServerNotTrusted(_))), "{refused}");
    assert!(heard.await.unwrap().is_err());
}

#[tokio::test]
async fn an_agent_of_the_pinned_authority_cannot_pass_for_a_coordinator() {
    let site = Site::new("site");
    let shown = site.credentials(agent("n1"));
    let chain = format!("{}{}", shown.certificate_pem, shown.ca_pem);
    let (endpoint, heard) = eavesdropper(&chain, shown.key_pem.expose()).await;
    mismatch(&endpoint, site.ca.pin()).await;
    assert!(heard.await.unwrap().is_err());
}
