//! The credentials in use, replaceable while connections are open: listeners and channels look here for each new connection.
//!
//! Knows nothing of files or of when to renew.

use std::sync::Arc;

use arc_swap::ArcSwap;
use ha_domain::id::{Digest, Identity, Time};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use crate::certificate::chain_of_pem;
use crate::credentials::Credentials;
use crate::error::Error;
use crate::tls;

/// Shared by all listeners and channels of a program; cloning shares.
#[derive(Clone)]
pub struct CredentialStore(Arc<ArcSwap<Ready>>);

impl CredentialStore {
    /// Checks the credentials and takes them into use.
    ///
    /// # Errors
    /// When they cannot be used.
    pub fn new(credentials: Credentials) -> Result<Self, Error> {
        Ok(Self(Arc::new(ArcSwap::from_pointee(Ready::new(credentials)?))))
    }

    /// Replaces the credentials: connections made from now on use the new ones, open ones go on.
    ///
    /// # Errors
    /// When the new ones cannot be used or speak for somebody else; the old ones then stay.
    pub fn replace(&self, credentials: Credentials) -> Result<(), Error> {
        let next = Ready::new(credentials)?;
        let ours = self.current().identity.clone();
        if next.identity != ours {
            return Err(Error::unusable("certificate", format!("it speaks for {}, not for {ours}", next.identity)));
        }
        self.0.store(Arc::new(next));
        Ok(())
    }

    /// The credentials in use now.
    pub fn current(&self) -> Arc<Ready> {
        self.0.load_full()
    }
}

impl std::fmt::Debug for CredentialStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let now = self.current();
        write!(f, "CredentialStore({}, certificate {})", now.identity, now.fingerprint.short())
    }
}

/// Credentials that were checked, with what is derived from them.
pub struct Ready {
    /// As they were given.
    pub credentials: Credentials,
    /// Whom they speak for.
    pub identity: Identity,
    /// SHA-256 of the certificate.
    pub fingerprint: Digest,
    /// From when the certificate counts.
    pub not_before: Time,
    /// Until when the certificate counts.
    pub not_after: Time,
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) authorities: Vec<CertificateDer<'static>>,
    pub(crate) roots: Arc<RootCertStore>,
    pub(crate) client: Arc<ClientConfig>,
}

impl Ready {
    fn new(credentials: Credentials) -> Result<Self, Error> {
        credentials.check_pair()?;
        let facts = credentials.facts()?;
        let identity = credentials.identity()?;
        let chain = chain_of_pem(&credentials.certificate_pem)?;
        let authorities = chain_of_pem(&credentials.ca_pem)?;
        let roots = Arc::new(tls::roots(&authorities)?);
        let key = private_key(&credentials)?;
        let client = tls::client_config(chain.clone(), key, Arc::clone(&roots), &identity.cluster)?;
        Ok(Self {
            identity,
            fingerprint: facts.fingerprint,
            not_before: facts.not_before,
            not_after: facts.not_after,
            chain,
            authorities,
            roots,
            client: Arc::new(client),
            credentials,
        })
    }

    pub(crate) fn private_key(&self) -> Result<PrivateKeyDer<'static>, Error> {
        private_key(&self.credentials)
    }
}

fn private_key(credentials: &Credentials) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_slice(credentials.key_pem.expose().as_bytes())
        .map_err(|_| Error::unusable("key", "it is not a private key in PEM"))
}
