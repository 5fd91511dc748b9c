//! What a certificate says: whom it speaks for, of which key, until when.
//!
//! Only reads. Whether the certificate is trusted is decided in [`crate::verify`].

use ha_domain::id::{ClusterName, Digest, Identity, Time};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::time::ASN1Time;

use crate::admission::Refusal;
use crate::error::Error;

/// The facts of one certificate that anything here decides by.
#[derive(Debug, Clone)]
pub struct Facts {
    /// SHA-256 of the whole certificate (DER).
    pub fingerprint: Digest,
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`, DER): the pin, for an authority.
    pub key_digest: Digest,
    /// From when it counts.
    pub not_before: Time,
    /// Until when it counts.
    pub not_after: Time,
    uris: Vec<String>,
    common_name: Option<String>,
}

impl Facts {
    /// Reads the facts of a certificate in DER.
    ///
    /// # Errors
    /// When it is not one well-formed certificate.
    pub fn of_der(der: &[u8]) -> Result<Self, Error> {
        let bad = |why: &str| Error::unusable("certificate", why);
        let (rest, cert) = X509Certificate::from_der(der).map_err(|_| bad("it is not an X.509 certificate"))?;
        if !rest.is_empty() {
            return Err(bad("bytes follow the certificate"));
        }
        let common_name = cert.subject().iter_common_name().next().and_then(|cn| cn.as_str().ok()).map(str::to_owned);
        Ok(Self {
            fingerprint: Digest::of(der),
            key_digest: Digest::of(cert.public_key().raw),
            not_before: time_of(cert.validity().not_before),
            not_after: time_of(cert.validity().not_after),
            uris: uris(&cert).map_err(bad)?,
            common_name,
        })
    }

    /// Reads the facts of the first certificate in a PEM text.
    ///
    /// # Errors
    /// When there is none, or it is malformed.
    pub fn of_pem(pem: &str) -> Result<Self, Error> {
        let chain = chain_of_pem(pem)?;
        let first = chain.first().ok_or_else(|| Error::unusable("certificate", "the PEM text holds none"))?;
        Self::of_der(first)
    }

    /// Whom the certificate speaks for: exactly one URI name, a canonical identity.
    ///
    /// # Errors
    /// [`Refusal::NoIdentity`] for none, several, or one of another form.
    pub fn identity(&self) -> Result<Identity, Refusal> {
        let [uri] = self.uris.as_slice() else {
            return Err(Refusal::NoIdentity);
        };
        let identity: Identity = uri.parse().map_err(|_| Refusal::NoIdentity)?;
        // `coordinator/+7` or `coordinator/07` would be a second spelling of the same replica.
        if identity.to_string() == *uri { Ok(identity) } else { Err(Refusal::NoIdentity) }
    }

    /// The cluster an authority's certificate names in its subject.
    pub(crate) fn authority_of(&self) -> Result<ClusterName, Error> {
        let name = self.common_name.as_deref().unwrap_or_default();
        ClusterName::new(name).map_err(|e| Error::unusable("authority's certificate", e))
    }
}

/// All certificates of a PEM text, in order.
pub(crate) fn chain_of_pem(pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certs: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    let certs = certs.map_err(|e| Error::unusable("certificate", format!("its PEM text is malformed ({e})")))?;
    if certs.is_empty() {
        return Err(Error::unusable("certificate", "the PEM text holds none"));
    }
    Ok(certs)
}

/// A certificate in PEM.
pub(crate) fn pem_of(cert: &CertificateDer<'_>) -> String {
    use base64::Engine as _;
    let body = base64::engine::general_purpose::STANDARD.encode(cert);
    let lines: Vec<_> = body.as_bytes().chunks(64).map(String::from_utf8_lossy).collect();
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", lines.join("\n"))
}

fn uris(cert: &X509Certificate<'_>) -> Result<Vec<String>, &'static str> {
    let names = cert.subject_alternative_name().map_err(|_| "its alternative names are malformed")?;
    let names = names.map(|ext| ext.value.general_names.as_slice()).unwrap_or_default();
    let uri = |name: &GeneralName<'_>| match name {
        GeneralName::URI(uri) => Some((*uri).to_owned()),
        _ => None,
    };
    Ok(names.iter().filter_map(uri).collect())
}

fn time_of(t: ASN1Time) -> Time {
    Time(u64::try_from(t.timestamp()).unwrap_or(0).saturating_mul(1000))
}
