//! Whom TLS connections of downloads and probes believe.
//!
//! Knows nothing of the mesh's own certificates: those are `ha_transport`'s.

use std::sync::Arc;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::host::Tls;

/// Where distributions keep the authorities that the machine's administrator believes.
const BUNDLES: &[&str] =
    &["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"];

/// Believes the machine's authorities.
pub(super) fn of_machine() -> Result<Arc<ClientConfig>, String> {
    let bundle = BUNDLES.iter().find_map(|path| std::fs::read(path).ok());
    let bundle = bundle.ok_or("the machine has no certificate authorities; install the package ca-certificates")?;
    finished(believing(&bundle)?, None)
}

/// Believes what a probe says.
pub(super) fn of_probe(tls: &Tls<'_>) -> Result<Arc<ClientConfig>, String> {
    let builder = match tls.ca_pem {
        Some(pem) => believing(pem)?,
        None => builder()?.dangerous().with_custom_certificate_verifier(Arc::new(Anyone(provider()))),
    };
    finished(builder, tls.client)
}

type Builder = rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert>;

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}

fn builder() -> Result<rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>, String> {
    let builder = ClientConfig::builder_with_provider(provider()).with_safe_default_protocol_versions();
    builder.map_err(|e| format!("TLS cannot be set up: {e}"))
}

fn believing(pem: &[u8]) -> Result<Builder, String> {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(CertificateDer::pem_slice_iter(pem).flatten());
    if added == 0 {
        return Err("there is no certificate among the authorities to believe".to_owned());
    }
    Ok(builder()?.with_root_certificates(roots))
}

fn finished(builder: Builder, client: Option<(&[u8], &[u8])>) -> Result<Arc<ClientConfig>, String> {
    let mut config = match client {
        None => builder.with_no_client_auth(),
        Some((chain, key)) => {
            let chain: Vec<_> = CertificateDer::pem_slice_iter(chain).flatten().collect();
            let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| "the client's key is not a private key in PEM")?;
            builder.with_client_auth_cert(chain, key).map_err(|e| format!("the client's certificate: {e}"))?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

/// Believes anyone: for probes that carry no secret and only ask "who is there".
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
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
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
