//! The server of an enrolment: whoever dials knows only the pin of the authority, from a join string.
//!
//! The server sends its authority's certificate along. It is trusted exactly when the digest of its key is the pin.

use std::sync::Arc;

use ha_domain::id::Digest;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::coordinator::coordinator_of;
use super::{provider_signatures, refuse, refuse_with};
use crate::admission::Refusal;
use crate::certificate::Facts;
use crate::tls;

/// No certificate that the server sent has the pinned key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it shows another authority than the pinned one")]
pub(crate) struct PinMismatch;

#[derive(Debug)]
pub(crate) struct PinnedVerifier {
    pin: Digest,
    provider: Arc<CryptoProvider>,
}

impl PinnedVerifier {
    pub(crate) fn new(pin: &Digest) -> Self {
        Self { pin: pin.clone(), provider: tls::provider() }
    }

    fn chain_to(&self, authority: &CertificateDer<'_>) -> Result<Arc<WebPkiServerVerifier>, rustls::Error> {
        let roots = tls::roots(&[authority.clone().into_owned()]).map_err(|_| refuse_with(PinMismatch))?;
        WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
            .build()
            .map_err(|_| refuse_with(PinMismatch))
    }
}

impl ServerCertVerifier for PinnedVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let authority = pinned_among(intermediates, &self.pin).ok_or_else(|| refuse_with(PinMismatch))?;
        let chain = self.chain_to(authority)?;
        let verified = chain.verify_server_cert(end_entity, &[], server_name, ocsp_response, now)?;
        let cluster = coordinator_of(end_entity)?.cluster;
        let authority = Facts::of_der(authority).and_then(|facts| facts.authority_of());
        if authority.is_ok_and(|ours| ours == cluster) { Ok(verified) } else { Err(refuse(Refusal::OtherCluster)) }
    }

    provider_signatures!(provider);
}

/// The certificate among `certs` whose key has the digest `pin`.
pub(crate) fn pinned_among<'a, 'c>(certs: &'a [CertificateDer<'c>], pin: &Digest) -> Option<&'a CertificateDer<'c>> {
    certs.iter().find(|cert| Facts::of_der(cert).is_ok_and(|facts| facts.key_digest == *pin))
}
