//! A signing request at the door: of everything it says, only the public key is kept.
//!
//! Subject, names, usages and extensions of the request are not even looked at: the authority sets them from its own record.

use ha_domain::id::Digest;
use rcgen::{PKCS_ECDSA_P256_SHA256, PublicKeyData, SubjectPublicKeyInfo};
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::prelude::FromDer;

use crate::error::Error;

/// Larger than any honest request by a factor of twenty.
const MAX_BYTES: usize = 8 * 1024;
/// An uncompressed point on P-256.
const POINT_BYTES: usize = 65;

/// A request whose signature proves that the sender holds the private key.
#[derive(Debug, Clone)]
pub struct Csr {
    pub(crate) public_key: SubjectPublicKeyInfo,
    key_digest: Digest,
}

impl Csr {
    /// Checks form, key kind (P-256) and the request's signature by its own key.
    ///
    /// # Errors
    /// [`Error::SigningRequest`] with the reason.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        if der.len() > MAX_BYTES {
            return Err(Error::SigningRequest("it is larger than 8 KiB"));
        }
        let (rest, csr) = X509CertificationRequest::from_der(der)
            .map_err(|_| Error::SigningRequest("it is not a PKCS #10 request"))?;
        if !rest.is_empty() {
            return Err(Error::SigningRequest("bytes follow the request"));
        }
        let spki = csr.certification_request_info.subject_pki.raw;
        let public_key = p256(spki)?;
        csr.verify_signature().map_err(|_| Error::SigningRequest("its signature is not by its own key"))?;
        Ok(Self { public_key, key_digest: Digest::of(spki) })
    }

    /// SHA-256 of the public key: the same for every request made with that key.
    pub fn key_digest(&self) -> &Digest {
        &self.key_digest
    }
}

fn p256(spki: &[u8]) -> Result<SubjectPublicKeyInfo, Error> {
    let refused = Error::SigningRequest("its key is not P-256");
    let Ok(key) = SubjectPublicKeyInfo::from_der(spki) else { return Err(refused) };
    let uncompressed = key.der_bytes().len() == POINT_BYTES && key.der_bytes().first() == Some(&4);
    if key.algorithm() == &PKCS_ECDSA_P256_SHA256 && uncompressed { Ok(key) } else { Err(refused) }
}
