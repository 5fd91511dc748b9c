//! A program's own certificate, its key, and the authority it trusts: as values and as three files.
//!
//! Knows nothing of renewal times or of who signed: see [`crate::store`] for their use while running.

use std::path::{Path, PathBuf};

use ha_domain::id::{Digest, Identity, Time};
use rcgen::{KeyPair, PublicKeyData};

use crate::certificate::Facts;
use crate::error::Error;
use crate::files::{Readers, read_secret, read_text, rename, replace, write_synced};
use crate::secret::Secret;

/// One certificate with its key, and the authorities that peers are checked against.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The certificate in PEM (the leaf first, if there are several).
    pub certificate_pem: String,
    /// Its private key, PKCS #8 in PEM.
    pub key_pem: Secret<String>,
    /// The trusted authorities in PEM: one, or two during a change of authority.
    pub ca_pem: String,
}

impl Credentials {
    /// Reads `<name>.pem`, `<name>.key` and `ca.pem` of `dir`, and finishes a [`Self::store`] that a crash cut short.
    ///
    /// # Errors
    /// When a file is missing or malformed, the key is readable by others, or is not the certificate's.
    pub fn load(dir: &Path, name: &str) -> Result<Self, Error> {
        let paths = Paths::of(dir, name);
        let key_pem = read_secret(&paths.key)?;
        let ca_pem = read_text(&paths.ca)?;
        let with = |certificate_pem| Self { certificate_pem, key_pem: key_pem.clone(), ca_pem: ca_pem.clone() };
        let found = read_text(&paths.certificate).map(with);
        let next = || read_text(&paths.next_certificate).map(with).ok().filter(|c| c.check_pair().is_ok());
        match found.and_then(|c| c.check_pair().map(|()| c)) {
            Ok(whole) => Ok(whole),
            // The new key was in place, its certificate not yet: that one lies beside, synced.
            Err(why) => {
                let finished = next().ok_or(why)?;
                rename(&paths.next_certificate, &paths.certificate)?;
                Ok(finished)
            }
        }
    }

    /// Writes the three files so that after a crash at any point [`Self::load`] gives the old or the new pair.
    ///
    /// # Errors
    /// When the parts do not belong together or a file cannot be written.
    pub fn store(&self, dir: &Path, name: &str) -> Result<(), Error> {
        self.check_pair()?;
        let paths = Paths::of(dir, name);
        replace(&paths.ca, self.ca_pem.as_bytes(), Readers::Everybody)?;
        write_synced(&paths.next_certificate, self.certificate_pem.as_bytes(), Readers::Everybody)?;
        replace(&paths.key, self.key_pem.expose().as_bytes(), Readers::Owner)?;
        rename(&paths.next_certificate, &paths.certificate)
    }

    /// Whom the certificate speaks for.
    ///
    /// # Errors
    /// When it is malformed or names nobody.
    pub fn identity(&self) -> Result<Identity, Error> {
        self.facts()?.identity().map_err(|e| Error::unusable("certificate", e))
    }
    /// SHA-256 of the certificate's DER.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn fingerprint(&self) -> Result<Digest, Error> {
        Ok(self.facts()?.fingerprint)
    }
    /// From when the certificate counts.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn not_before(&self) -> Result<Time, Error> {
        Ok(self.facts()?.not_before)
    }
    /// Until when the certificate counts.
    ///
    /// # Errors
    /// When it is malformed.
    pub fn not_after(&self) -> Result<Time, Error> {
        Ok(self.facts()?.not_after)
    }

    pub(crate) fn facts(&self) -> Result<Facts, Error> {
        Facts::of_pem(&self.certificate_pem)
    }

    /// The key must be the certificate's.
    pub(crate) fn check_pair(&self) -> Result<(), Error> {
        let pair = KeyPair::from_pem(self.key_pem.expose())
            .map_err(|_| Error::unusable("key", "it is not a PKCS #8 key in PEM"))?;
        if Digest::of(&pair.subject_public_key_info()) == self.facts()?.key_digest {
            Ok(())
        } else {
            Err(Error::unusable("key", "it belongs to another certificate; enrol again or restore the pair"))
        }
    }
}

struct Paths {
    certificate: PathBuf,
    next_certificate: PathBuf,
    key: PathBuf,
    ca: PathBuf,
}

impl Paths {
    fn of(dir: &Path, name: &str) -> Self {
        Self {
            certificate: dir.join(format!("{name}.pem")),
            next_certificate: dir.join(format!("{name}.pem.next")),
            key: dir.join(format!("{name}.key")),
            ca: dir.join("ca.pem"),
        }
    }
}
