//! How far a database server's certificate is trusted, for rustls.
//!
//! It must not connect, nor know which database is behind the TLS.

use super::DbError;
use crate::jdbc::{Target, Tls};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::sync::Arc;

/// The CA's PEM, read now, when the URL asks to verify.
///
/// # Errors
/// `DbError::Ca` when the file cannot be read.
pub async fn ca_bytes(target: &Target) -> Result<Option<Vec<u8>>, DbError> {
    let Some(path) = &target.ca_file else { return Ok(None) };
    let read = tokio::fs::read(path).await;
    read.map(Some).map_err(|why| DbError::Ca { path: path.clone(), why: why.to_string() })
}

/// A client configuration that does what the URL asks.
///
/// # Errors
/// `DbError::Ca` when the CA file holds no usable certificate.
pub async fn client_config(target: &Target) -> Result<ClientConfig, DbError> {
    let bytes = ca_bytes(target).await?;
    let bad = |why: String| DbError::Ca { path: target.ca_file.clone().unwrap_or_default(), why };
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = match bytes {
        Some(pem) => Some(chain_verifier(&pem, &provider).map_err(bad)?),
        None => None,
    };
    let verifier = Arc::new(Verifier { chain, checks_name: target.tls == Tls::VerifyFull, provider: provider.clone() });
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| bad(error.to_string()))?;
    Ok(builder.dangerous().with_custom_certificate_verifier(verifier).with_no_client_auth())
}

fn chain_verifier(
    pem: &[u8],
    provider: &Arc<rustls::crypto::CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        roots.add(certificate.map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    }
    let builder = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    builder.build().map_err(|error| error.to_string())
}

/// Verifies the chain when there is a CA, and the name when asked to; the signature always.
#[derive(Debug)]
struct Verifier {
    chain: Option<Arc<WebPkiServerVerifier>>,
    checks_name: bool,
    provider: Arc<rustls::crypto::CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(chain) = &self.chain else { return Ok(ServerCertVerified::assertion()) };
        match chain.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
            // The chain is checked before the name, so an error about the name means that the chain is right.
            Err(error) if !self.checks_name && is_about_name(&error) => Ok(ServerCertVerified::assertion()),
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether an error is about the certificate's name only.
pub fn is_about_name(error: &Error) -> bool {
    matches!(
        error,
        Error::InvalidCertificate(CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. })
    )
}

/// A name that the certificate does have, from an error about its name.
pub fn presented_name(error: &Error) -> Option<String> {
    let Error::InvalidCertificate(CertificateError::NotValidForNameContext { presented, .. }) = error else {
        return None;
    };
    let inner =
        |text: &String| text.split_once('(').map(|(_, rest)| rest.trim_end_matches(')').trim_matches('"').to_owned());
    presented.iter().filter_map(inner).map(|name| name.replacen("*.", "any.", 1)).next()
}

#[cfg(test)]
mod tests {
    use super::presented_name;
    use rustls::pki_types::ServerName;
    use rustls::{CertificateError, Error};

    fn name_error(presented: &str) -> Error {
        Error::InvalidCertificate(CertificateError::NotValidForNameContext {
            expected: ServerName::try_from("other").unwrap(),
            presented: vec![presented.to_owned()],
        })
    }

    #[test]
    fn the_name_a_certificate_has_is_taken_from_the_error() {
        assert_eq!(presented_name(&name_error("DnsName(\"db1\")")).as_deref(), Some("db1"));
        assert_eq!(presented_name(&name_error("DnsName(\"*.site\")")).as_deref(), Some("any.site"));
        assert_eq!(presented_name(&name_error("IpAddress(10.0.0.7)")).as_deref(), Some("10.0.0.7"));
        assert_eq!(presented_name(&Error::DecryptError), None);
    }
}
