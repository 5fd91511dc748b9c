//! A value that must not be seen: it cannot be printed or serialised, and is wiped from memory when dropped.
//!
//! Knows nothing of what the value is for. Reading it takes an explicit [`Secret::expose`], which is easy to find in a review.

use std::fmt;

use ha_domain::id::Digest;
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroize;

use crate::error::Error;

/// Holds a secret. `Debug` and `Display` print `[secret]`; there is no `Serialize` and no comparison.
#[derive(Clone)]
pub struct Secret<T: Zeroize>(T);

impl<T: Zeroize> Secret<T> {
    /// Takes the value into custody.
    pub fn new(value: T) -> Self {
        Self(value)
    }
    /// The value itself. Never hand it to a formatter, a log or an argument list.
    pub fn expose(&self) -> &T {
        &self.0
    }
    pub(crate) fn expose_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl Secret<[u8; 32]> {
    /// 256 fresh bits from the operating system.
    ///
    /// # Errors
    /// When the operating system gives no randomness.
    pub fn random() -> Result<Self, Error> {
        let mut secret = Self([0; 32]);
        fill_random(&mut secret.0)?;
        Ok(secret)
    }
    /// What may be kept of a secret that is only ever checked, never used again.
    pub fn digest(&self) -> Digest {
        Digest::of(&self.0)
    }
}

impl<T: Zeroize> Drop for Secret<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

impl<T: Zeroize> fmt::Display for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("[secret]")
    }
}

pub(crate) fn fill_random(bytes: &mut [u8]) -> Result<(), Error> {
    SystemRandom::new().fill(bytes).map_err(|_| Error::NoRandomness)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints() {
        let text = Secret::new("canary-7f3a".to_owned());
        let bytes = Secret::new(b"canary-7f3a".to_vec());
        let key = Secret::new([0x7f_u8; 32]);
        let printed = format!("{text} {text:?} {text:#?} {bytes} {bytes:?} {key} {key:?} {:?}", Some(&text));
        assert!(!printed.contains("canary") && !printed.contains("127") && !printed.contains("7f"), "{printed}");
        assert_eq!(printed.matches("[secret]").count(), 8);
    }

    #[test]
    fn an_exposed_secret_is_the_one_put_in() {
        assert_eq!(Secret::new("s".to_owned()).expose(), "s");
    }

    #[test]
    fn random_secrets_differ() {
        let (a, b) = (Secret::random().unwrap(), Secret::random().unwrap());
        assert_ne!(a.expose(), b.expose());
        assert_eq!(a.digest(), Digest::of(a.expose()));
    }
}
