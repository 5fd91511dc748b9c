//! Signing: the authority's key is unsealed for one signature and forgotten. Knows not who deserves a certificate.

use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use ha_domain::id::{Digest, Identity, Subject, Time};
use ha_domain::state::Mesh;
use ha_transport::{CertificateAuthority, Csr, SealKey, Secret};

/// The context under which the authority's key is sealed.
pub const CA_KEY_CONTEXT: &str = "ca-key";

const DAY: Duration = Duration::from_secs(24 * 3600);

/// A certificate that must be registered before it counts.
#[derive(Debug)]
pub struct Signed {
    /// PEM.
    pub pem: String,
    /// sha256 of its DER.
    pub fingerprint: Digest,
    /// Until when.
    pub not_after: Time,
}

/// How long a certificate lives: those who renew by themselves get long enough ones to survive a holiday.
pub fn lifetime(subject: &Subject) -> Duration {
    match subject {
        Subject::Agent(_) => 14 * DAY,
        Subject::Coordinator(_) => 365 * DAY,
        Subject::Operator(_) => 7 * DAY,
    }
}

/// The authority, unsealed.
pub fn authority(mesh: &Mesh, seal: &SealKey) -> anyhow::Result<CertificateAuthority> {
    let sealed = hex::decode(&mesh.ca_key_sealed).context("read the sealed key of the authority")?;
    let key = seal.open(CA_KEY_CONTEXT, &sealed).context("unseal the key of the authority")?;
    let key = String::from_utf8(key.expose().clone()).context("read the key of the authority")?;
    Ok(CertificateAuthority::from_parts(&mesh.ca_pem, Secret::new(key))?)
}

/// Signs the public key of `csr` for `identity`.
pub fn sign(mesh: &Mesh, seal: &SealKey, csr: &[u8], identity: &Identity) -> anyhow::Result<Signed> {
    let csr = Csr::from_der(csr).context("read the certificate request")?;
    let signed = authority(mesh, seal)?.sign(&csr, identity, lifetime(&identity.subject), SystemTime::now())?;
    Ok(Signed { pem: signed.pem, fingerprint: signed.fingerprint, not_after: signed.not_after })
}
