//! A private key made on this machine, which never leaves it: only a signing request does.

use rcgen::{CertificateParams, DistinguishedName, KeyPair, PKCS_ECDSA_P256_SHA256};

use crate::error::Error;
use crate::secret::Secret;

/// A P-256 key pair.
pub struct LocalKey {
    pair: KeyPair,
    pem: Secret<String>,
}

impl LocalKey {
    /// Makes a fresh key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        let pair = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|_| Error::NoRandomness)?;
        let pem = Secret::new(pair.serialize_pem());
        Ok(Self { pair, pem })
    }

    /// The private key, PKCS #8 in PEM.
    pub fn pem(&self) -> &Secret<String> {
        &self.pem
    }

    /// A signing request (PKCS #10, DER) that says nothing but the public key.
    ///
    /// # Errors
    /// When signing fails.
    pub fn csr_der(&self) -> Result<Vec<u8>, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = DistinguishedName::new();
        let csr = params.serialize_request(&self.pair).map_err(|e| Error::unusable("key", e))?;
        Ok(csr.der().to_vec())
    }
}

impl std::fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalKey([secret])")
    }
}
