//! Sealing of the few secrets that lie in the replicated state: AES-256-GCM under a key that never does.
//!
//! What is sealed for one context does not open for another. Knows nothing of what is sealed.

use std::path::Path;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, Prk, Salt};

use crate::error::Error;
use crate::files::{Readers, read_secret, replace};
use crate::secret::{Secret, fill_random};

/// The first byte of everything sealed: the form may change one day.
const VERSION: u8 = 1;
const SALT: &[u8] = b"ha-mesh seal key";

/// The key that seals; every coordinator has the same.
#[derive(Debug, Clone)]
pub struct SealKey(Secret<[u8; 32]>);

impl SealKey {
    /// A fresh key.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn generate() -> Result<Self, Error> {
        Secret::random().map(Self)
    }
    /// A key that was handed over or recovered.
    pub fn from_bytes(bytes: Secret<[u8; 32]>) -> Self {
        Self(bytes)
    }
    /// The key itself, to hand it to a new coordinator or to show it once for recovery.
    pub fn bytes(&self) -> &Secret<[u8; 32]> {
        &self.0
    }

    /// Reads the key's file.
    ///
    /// # Errors
    /// When it is missing, readable by others, or not 64 hex digits.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let text = read_secret(path)?;
        let bytes = Secret::new(hex::decode(text.expose().trim()).unwrap_or_default());
        let bytes = <[u8; 32]>::try_from(bytes.expose().as_slice());
        let bytes = bytes.map_err(|_| Error::unusable("seal key", format!("{} does not hold one", path.display())))?;
        Ok(Self(Secret::new(bytes)))
    }

    /// Writes the key's file (0600), surviving a crash.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn store(&self, path: &Path) -> Result<(), Error> {
        let text = Secret::new(hex::encode(self.0.expose()));
        replace(path, text.expose().as_bytes(), Readers::Owner)
    }

    /// Seals `plain` for `context`, for example `secret/database-password`.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn seal(&self, context: &str, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let mut nonce = [0; NONCE_LEN];
        fill_random(&mut nonce)?;
        // Room for the tag from the beginning, so that no copy of the plain text is left behind by a reallocation.
        let mut body = Vec::with_capacity(plain.len() + AES_256_GCM.tag_len());
        body.extend_from_slice(plain);
        let aad = Aad::from(context.as_bytes());
        let sealed = self.cipher()?.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut body);
        sealed.map_err(|_| Error::unusable("secret", "it is too large to seal"))?;
        Ok([&[VERSION], nonce.as_slice(), &body].concat())
    }

    /// Opens what was sealed for `context`.
    ///
    /// # Errors
    /// [`Error::Sealed`] when it was altered, sealed for another context, or with another key.
    pub fn open(&self, context: &str, sealed: &[u8]) -> Result<Secret<Vec<u8>>, Error> {
        let refused = || Error::Sealed { context: context.to_owned() };
        let rest = sealed.strip_prefix(&[VERSION]).ok_or_else(refused)?;
        let (nonce, body) = rest.split_at_checked(NONCE_LEN).ok_or_else(refused)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| refused())?;
        let mut body = Secret::new(body.to_vec());
        let aad = Aad::from(context.as_bytes());
        let plain = self.cipher()?.open_in_place(nonce, aad, body.expose_mut()).map_err(|_| refused())?.len();
        body.expose_mut().truncate(plain);
        Ok(body)
    }

    /// A key of its own for `context`; knowing it tells nothing of this key or of other contexts.
    pub fn derive(&self, context: &str) -> Secret<[u8; 32]> {
        self.expand(&[b"derive", context.as_bytes()])
    }

    fn cipher(&self) -> Result<LessSafeKey, Error> {
        let key = self.expand(&[b"seal", b""]);
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).map_err(|_| Error::unusable("seal key", "its length"))?;
        Ok(LessSafeKey::new(key))
    }

    fn expand(&self, info: &[&[u8]; 2]) -> Secret<[u8; 32]> {
        let prk: Prk = Salt::new(HKDF_SHA256, SALT).extract(self.0.expose());
        let mut out = Secret::new([0; 32]);
        #[expect(clippy::expect_used, reason = "32 bytes are one block of SHA-256: HKDF allows 255")]
        let () = prk.expand(info, HKDF_SHA256).and_then(|okm| okm.fill(out.expose_mut())).expect("one block");
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(byte: u8) -> SealKey {
        SealKey::from_bytes(Secret::new([byte; 32]))
    }

    #[test]
    fn what_was_sealed_opens_again_and_does_not_show() {
        let sealed = key(1).seal("secret/db", b"canary-7f3a").unwrap();
        assert!(!sealed.windows(6).any(|w| w == b"canary"));
        assert_eq!(key(1).open("secret/db", &sealed).unwrap().expose(), b"canary-7f3a");
        assert_ne!(sealed, key(1).seal("secret/db", b"canary-7f3a").unwrap(), "a nonce was used twice");
    }

    #[test]
    fn another_context_another_key_or_any_changed_bit_is_refused() {
        let sealed = key(1).seal("secret/db", b"x").unwrap();
        assert!(key(1).open("secret/dc", &sealed).is_err());
        assert!(key(2).open("secret/db", &sealed).is_err());
        for i in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[i] ^= 1;
            assert!(key(1).open("secret/db", &altered).is_err(), "byte {i}");
            assert!(key(1).open("secret/db", &sealed[..i]).is_err(), "cut at {i}");
        }
    }

    #[test]
    fn derived_keys_differ_by_context_and_never_by_call() {
        assert_eq!(key(1).derive("a").expose(), key(1).derive("a").expose());
        assert_ne!(key(1).derive("a").expose(), key(1).derive("b").expose());
        assert_ne!(key(1).derive("").expose(), key(1).expand(&[b"seal", b""]).expose());
        assert_ne!(key(1).derive("a").expose(), key(2).derive("a").expose());
    }

    #[test]
    fn a_stored_key_is_read_again_and_only_if_nobody_else_can() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("seal.key");
        let made = SealKey::generate().unwrap();
        made.store(&path).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(SealKey::load(&path).unwrap().bytes().expose(), made.bytes().expose());
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(SealKey::load(&path), Err(Error::Exposed { mode: 0o640, .. })));
    }
}
