//! Which certificates are trusted, for each of the three kinds of handshake.
//!
//! Each verifier first lets webpki check the chain, then checks what webpki cannot know: the identity.
//! Knows nothing of sockets.

mod client;
mod coordinator;
mod pinned;

use std::sync::Arc;

use rustls::{CertificateError, OtherError};

pub(crate) use client::ClientVerifier;
pub(crate) use coordinator::CoordinatorVerifier;
pub(crate) use pinned::{PinMismatch, PinnedVerifier, pinned_among};

use crate::admission::Refusal;

/// Our reason as a TLS error: the peer gets an alert, we can read the reason back.
fn refuse(refusal: Refusal) -> rustls::Error {
    match refusal {
        // Has an alert of its own, so that the peer can tell its person.
        Refusal::Revoked => rustls::Error::InvalidCertificate(CertificateError::Revoked),
        Refusal::NoIdentity | Refusal::OtherCluster | Refusal::Unregistered | Refusal::OtherKind => {
            refuse_with(refusal)
        }
    }
}

fn refuse_with(reason: impl std::error::Error + Send + Sync + 'static) -> rustls::Error {
    rustls::Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(reason))))
}

/// The signature methods are the provider's for all three: only the choice of chain differs.
macro_rules! provider_signatures {
    ($field:ident) => {
        fn verify_tls12_signature(
            &self,
            _message: &[u8],
            _cert: &rustls::pki_types::CertificateDer<'_>,
            _dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            Err(rustls::Error::General("TLS 1.2 is not spoken here".to_owned()))
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &rustls::pki_types::CertificateDer<'_>,
            dss: &rustls::DigitallySignedStruct,
        ) -> Result<rustls::client::danger::HandshakeSignatureValid, rustls::Error> {
            rustls::crypto::verify_tls13_signature(message, cert, dss, &self.$field.signature_verification_algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<rustls::SignatureScheme> {
            self.$field.signature_verification_algorithms.supported_schemes()
        }
    };
}
use provider_signatures;
