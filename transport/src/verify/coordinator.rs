//! The server of a channel: signed by our authority, and a coordinator of our cluster.

use std::sync::Arc;

use ha_domain::id::{ClusterName, Identity, Subject};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{CertificateError, RootCertStore};

use super::{provider_signatures, refuse};
use crate::admission::Refusal;
use crate::certificate::Facts;
use crate::error::Error;
use crate::tls;

#[derive(Debug)]
pub(crate) struct CoordinatorVerifier {
    chain: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    cluster: ClusterName,
}

impl CoordinatorVerifier {
    pub(crate) fn new(roots: Arc<RootCertStore>, cluster: &ClusterName) -> Result<Self, Error> {
        let provider = tls::provider();
        let chain = WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(&provider)).build();
        let chain = chain.map_err(|e| Error::unusable("authority's certificate", e))?;
        Ok(Self { chain, provider, cluster: cluster.clone() })
    }
}

impl ServerCertVerifier for CoordinatorVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let verified = self.chain.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)?;
        let identity = coordinator_of(end_entity)?;
        if identity.cluster != self.cluster {
            return Err(refuse(Refusal::OtherCluster));
        }
        Ok(verified)
    }

    provider_signatures!(provider);
}

/// The identity of a coordinator's certificate.
pub(super) fn coordinator_of(end_entity: &CertificateDer<'_>) -> Result<Identity, rustls::Error> {
    let facts = Facts::of_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
    let identity = facts.identity().map_err(refuse)?;
    match identity.subject {
        Subject::Coordinator(_) => Ok(identity),
        Subject::Agent(_) | Subject::Operator(_) => Err(refuse(Refusal::OtherKind)),
    }
}
