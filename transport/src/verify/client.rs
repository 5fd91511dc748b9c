//! Clients of a listener: signed by our authority, of our cluster, one identity, admitted.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::ClusterName;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DistinguishedName};

use super::{provider_signatures, refuse};
use crate::admission::{Admission, Refusal};
use crate::certificate::Facts;
use crate::error::Error;
use crate::listen::{ClientAuth, ListenConfig};
use crate::store::Ready;
use crate::tls;

pub(crate) struct ClientVerifier {
    chain: Arc<dyn ClientCertVerifier>,
    provider: Arc<CryptoProvider>,
    cluster: ClusterName,
    admission: Arc<dyn Admission>,
    expired_grace: Duration,
}

impl ClientVerifier {
    pub(crate) fn new(ready: &Ready, config: &ListenConfig) -> Result<Self, Error> {
        let provider = tls::provider();
        let builder = WebPkiClientVerifier::builder_with_provider(Arc::clone(&ready.roots), Arc::clone(&provider));
        let builder = match config.client_auth {
            ClientAuth::Required => builder,
            ClientAuth::Optional => builder.allow_unauthenticated(),
        };
        Ok(Self {
            chain: builder.build().map_err(|e| Error::unusable("authority's certificate", e))?,
            provider,
            cluster: ready.identity.cluster.clone(),
            admission: Arc::clone(&config.admission),
            expired_grace: config.expired_grace,
        })
    }

    /// The registered-certificate check, on facts of a certificate whose chain holds.
    fn judge(&self, facts: &Facts) -> Result<(), Refusal> {
        let identity = facts.identity()?;
        if identity.cluster != self.cluster {
            return Err(Refusal::OtherCluster);
        }
        self.admission.admits(&facts.fingerprint, &identity)
    }

    /// When an expired certificate is still within the grace: the last moment it counted.
    fn last_moment(&self, facts: &Facts, now: UnixTime) -> Option<UnixTime> {
        let not_after = Duration::from_millis(facts.not_after.0);
        let within = now.as_secs() <= (not_after + self.expired_grace).as_secs();
        within.then(|| UnixTime::since_unix_epoch(not_after))
    }
}

impl ClientCertVerifier for ClientVerifier {
    fn offer_client_auth(&self) -> bool {
        self.chain.offer_client_auth()
    }
    fn client_auth_mandatory(&self) -> bool {
        self.chain.client_auth_mandatory()
    }
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.chain.root_hint_subjects()
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        let facts = Facts::of_der(end_entity).map_err(|_| CertificateError::BadEncoding)?;
        let verified = match self.chain.verify_client_cert(end_entity, intermediates, now) {
            Err(e) if is_expiry(&e) => {
                let then = self.last_moment(&facts, now).ok_or(e)?;
                self.chain.verify_client_cert(end_entity, intermediates, then)
            }
            other => other,
        }?;
        self.judge(&facts).map_err(refuse)?;
        Ok(verified)
    }

    provider_signatures!(provider);
}

fn is_expiry(e: &rustls::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext};
    matches!(e, rustls::Error::InvalidCertificate(Expired | ExpiredContext { .. }))
}

impl fmt::Debug for ClientVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ClientVerifier({})", self.cluster)
    }
}
