//! How TLS is spoken here: version 1.3, HTTP/2 only, no resumption (a resumed session would skip the certificate check).
//!
//! Knows nothing of sockets. The crypto provider is always given explicitly, never taken from a process-wide default.

use std::sync::Arc;

use ha_domain::id::ClusterName;
use rustls::client::Resumption;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::server::danger::ClientCertVerifier;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::error::Error;
use crate::store::Ready;
use crate::verify::CoordinatorVerifier;

/// The only protocol offered and accepted.
pub(crate) const ALPN: &[u8] = b"h2";

/// The cryptography of this process: ring.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

pub(crate) fn roots(authorities: &[CertificateDer<'static>]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        roots.add(authority.clone()).map_err(|e| Error::unusable("authority's certificate", e))?;
    }
    Ok(roots)
}

/// Dials coordinators of `cluster` and shows our certificate.
pub(crate) fn client_config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    roots: Arc<RootCertStore>,
    cluster: &ClusterName,
) -> Result<ClientConfig, Error> {
    let verifier = Arc::new(CoordinatorVerifier::new(roots, cluster)?);
    let config = client_builder(verifier)?.with_client_auth_cert(chain, key);
    config.map(hardened).map_err(|e| Error::unusable("certificate", e))
}

/// Dials with a verifier of its own and shows no certificate.
pub(crate) fn anonymous_config(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientConfig, Error> {
    Ok(hardened(client_builder(verifier)?.with_no_client_auth()))
}

type ClientBuilder = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn client_builder(verifier: Arc<dyn ServerCertVerifier>) -> Result<ClientBuilder, Error> {
    let builder = ClientConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13]);
    let builder = builder.map_err(|e| Error::unusable("TLS provider", e))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier))
}

fn hardened(mut config: ClientConfig) -> ClientConfig {
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    config
}

/// Serves with our certificate and, after it, the authority's: whoever has only a pin needs to see that.
pub(crate) fn server_config(ready: &Ready, verifier: Arc<dyn ClientCertVerifier>) -> Result<ServerConfig, Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&[&TLS13]);
    let builder = builder.map_err(|e| Error::unusable("TLS provider", e))?;
    let chain = ready.chain.iter().chain(&ready.authorities).cloned().collect();
    let config = builder.with_client_cert_verifier(verifier).with_single_cert(chain, ready.private_key()?);
    let mut config = config.map_err(|e| Error::unusable("certificate", e))?;
    config.alpn_protocols = vec![ALPN.to_vec()];
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.max_early_data_size = 0;
    Ok(config)
}
