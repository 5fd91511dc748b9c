//! The cluster's certificate authority: one key, one self-signed certificate, and what it is willing to sign.
//!
//! Knows nothing of tokens, roles or who may ask: the caller decides whom a certificate is for, this decides its form.

use std::time::{Duration, SystemTime};

use ha_domain::id::{ClusterName, Digest, Identity, Subject, Time};
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, PublicKeyData, SanType, SerialNumber,
};

use crate::certificate::Facts;
use crate::csr::Csr;
use crate::error::Error;
use crate::instant::time_at;
use crate::key::LocalKey;
use crate::secret::{Secret, fill_random};

/// The DNS name every coordinator's certificate carries, so that clients can dial plain addresses.
pub const COORDINATOR_DNS_NAME: &str = "coordinator.ha.internal";

/// Certificates count from a little before they are made: clocks of a fresh site differ.
const BACKDATE: Duration = Duration::from_secs(5 * 60);
/// How long the authority itself lives.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(3650 * 24 * 3600);

/// A certificate as it was signed.
#[derive(Debug, Clone)]
pub struct SignedCertificate {
    /// The certificate in PEM.
    pub pem: String,
    /// SHA-256 of its DER.
    pub fingerprint: Digest,
    /// Until when it counts (milliseconds; certificates have whole seconds).
    pub not_after: Time,
}

/// Signs certificates of one cluster.
pub struct CertificateAuthority {
    cluster: ClusterName,
    facts: Facts,
    pem: String,
    key_pem: Secret<String>,
    issuer: Issuer<'static, KeyPair>,
}

impl CertificateAuthority {
    /// Makes a new authority that counts for ten years.
    ///
    /// # Errors
    /// When there is no randomness or signing fails.
    pub fn create(cluster: &ClusterName, now: SystemTime) -> Result<Self, Error> {
        let key = LocalKey::generate()?;
        let pair = pair_of(key.pem())?;
        let mut params = blank(now, AUTHORITY_LIFETIME)?;
        params.distinguished_name.push(DnType::CommonName, cluster.as_str());
        // Path length 0: nothing that this authority signs can sign in its turn.
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let cert = params.self_signed(&pair).map_err(|e| Error::unusable("authority's key", e))?;
        Self::from_parts(&cert.pem(), key.pem().clone())
    }

    /// Takes up an authority that was made before.
    ///
    /// # Errors
    /// When the parts are malformed or the key is not the certificate's.
    pub fn from_parts(ca_pem: &str, key_pem: Secret<String>) -> Result<Self, Error> {
        let facts = Facts::of_pem(ca_pem)?;
        let cluster = facts.authority_of()?;
        let pair = pair_of(&key_pem)?;
        if Digest::of(&pair.subject_public_key_info()) != facts.key_digest {
            return Err(Error::unusable("authority's key", "it belongs to another certificate; restore the pair"));
        }
        let issuer =
            Issuer::from_ca_cert_pem(ca_pem, pair).map_err(|e| Error::unusable("authority's certificate", e))?;
        Ok(Self { cluster, facts, pem: ca_pem.to_owned(), key_pem, issuer })
    }

    /// The cluster it signs for.
    pub fn cluster(&self) -> &ClusterName {
        &self.cluster
    }
    /// Its certificate, which everybody may know.
    pub fn ca_pem(&self) -> &str {
        &self.pem
    }
    /// Its private key.
    pub fn key_pem(&self) -> &Secret<String> {
        &self.key_pem
    }
    /// SHA-256 of its public key (`SubjectPublicKeyInfo`, DER): what join strings name.
    pub fn pin(&self) -> &Digest {
        &self.facts.key_digest
    }

    /// Signs the request's public key for `identity`. A lifetime beyond the authority's own is shortened to it.
    ///
    /// # Errors
    /// When `identity` is of another cluster, or nothing would remain of the lifetime.
    pub fn sign(
        &self,
        csr: &Csr,
        identity: &Identity,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<SignedCertificate, Error> {
        if identity.cluster != self.cluster {
            return Err(Error::OtherCluster { ours: self.cluster.clone(), theirs: identity.cluster.clone() });
        }
        let left = Duration::from_millis(self.facts.not_after.ms_since(time_at(now)));
        if lifetime.min(left).is_zero() {
            return Err(Error::unusable("authority", "it has expired, or a lifetime of zero was asked for"));
        }
        let params = leaf(identity, blank(now, lifetime.min(left))?)?;
        let cert = params.signed_by(&csr.public_key, &self.issuer).map_err(|e| Error::unusable("request", e))?;
        let facts = Facts::of_der(cert.der())?;
        Ok(SignedCertificate { pem: cert.pem(), fingerprint: facts.fingerprint, not_after: facts.not_after })
    }

    /// Makes a key and a certificate for one of the site's own servers (the ingress, the database), under these host
    /// names and addresses. It names no identity of the mesh: it opens nothing there.
    ///
    /// # Errors
    /// When there is no name, a name is malformed, or nothing would remain of the lifetime.
    pub fn issue_server(
        &self,
        names: &[String],
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<ServerCertificate, Error> {
        let first = names.first().ok_or_else(|| Error::unusable("server's names", "there is none"))?;
        let left = Duration::from_millis(self.facts.not_after.ms_since(time_at(now)));
        let mut params = blank(now, lifetime.min(left))?;
        params.distinguished_name.push(DnType::CommonName, first.as_str());
        params.subject_alt_names = names.iter().map(|name| server_name(name)).collect::<Result<_, _>>()?;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.use_authority_key_identifier_extension = true;
        let key = LocalKey::generate()?;
        let pair = pair_of(key.pem())?;
        let cert = params.signed_by(&pair, &self.issuer).map_err(|e| Error::unusable("server's names", e))?;
        let facts = Facts::of_der(cert.der())?;
        Ok(ServerCertificate { pem: cert.pem(), key_pem: key.pem().clone(), not_after: facts.not_after })
    }
}

fn server_name(name: &str) -> Result<SanType, Error> {
    match name.parse() {
        Ok(address) => Ok(SanType::IpAddress(address)),
        Err(_) => Ok(SanType::DnsName(name.try_into().map_err(|e| Error::unusable("server's name", e))?)),
    }
}

/// A certificate with its key, for a server that is not ours.
#[derive(Debug)]
pub struct ServerCertificate {
    /// The certificate in PEM.
    pub pem: String,
    /// Its key, PKCS #8 in PEM.
    pub key_pem: Secret<String>,
    /// Until when it counts.
    pub not_after: Time,
}

impl std::fmt::Debug for CertificateAuthority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CertificateAuthority({}, pin {})", self.cluster, self.pin().short())
    }
}

fn pair_of(key_pem: &Secret<String>) -> Result<KeyPair, Error> {
    KeyPair::from_pem(key_pem.expose())
        .map_err(|_| Error::unusable("authority's key", "it is not a PKCS #8 key in PEM"))
}

fn blank(now: SystemTime, lifetime: Duration) -> Result<CertificateParams, Error> {
    let mut serial = [0; 16];
    fill_random(&mut serial)?;
    serial[0] = (serial[0] & 0x3f) | 0x40; // positive, and of constant length
    let mut params = CertificateParams::default();
    params.serial_number = Some(SerialNumber::from_slice(&serial));
    params.not_before = (now - BACKDATE).into();
    params.not_after = (now + lifetime).into();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::OrganizationName, "ha-mesh");
    Ok(params)
}

fn leaf(identity: &Identity, mut params: CertificateParams) -> Result<CertificateParams, Error> {
    let name = |text: &str| text.try_into().map_err(|e| Error::unusable("identity", e));
    params.distinguished_name.push(DnType::CommonName, id_of(&identity.subject));
    params.subject_alt_names = vec![SanType::URI(name(&identity.to_string())?)];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    match identity.subject {
        Subject::Coordinator(_) => {
            params.subject_alt_names.push(SanType::DnsName(name(COORDINATOR_DNS_NAME)?));
            params.extended_key_usages.push(ExtendedKeyUsagePurpose::ServerAuth);
        }
        Subject::Agent(_) | Subject::Operator(_) => {}
    }
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// For people who look at the certificate; nothing decides by it. (A common name has at most 64 characters: an id fits.)
fn id_of(subject: &Subject) -> String {
    match subject {
        Subject::Agent(id) => id.to_string(),
        Subject::Coordinator(id) => id.to_string(),
        Subject::Operator(name) => name.to_string(),
    }
}
