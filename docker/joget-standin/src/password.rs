//! Passwords of users as salted hashes, and random names that cannot be guessed.
//!
//! It must not know where the hashes are kept.

use crate::secret::Secret;
use ring::rand::{SecureRandom, SystemRandom};
use ring::{digest, pbkdf2};
use std::num::NonZeroU32;

const ROUNDS: NonZeroU32 = NonZeroU32::new(60_000).unwrap();

/// `pbkdf2$ROUNDS$SALT$HASH`, salt and hash in hex.
pub fn hash(password: &Secret) -> String {
    let salt = random_hex::<16>();
    format!("pbkdf2${ROUNDS}${salt}${}", derive(ROUNDS, &salt, password))
}

/// Whether a password fits a hash made by `hash`; anything else as hash fits nothing.
pub fn fits(password: &Secret, stored: &str) -> bool {
    let parts: Vec<&str> = stored.split('$').collect();
    let ["pbkdf2", rounds, salt, expected] = parts.as_slice() else { return false };
    let (Ok(rounds), Ok(expected)) = (rounds.parse(), hex::decode(expected)) else { return false };
    let (salt, password) = (salt.as_bytes(), password.reveal().as_bytes());
    pbkdf2::verify(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt, password, &expected).is_ok()
}

/// `N` random bytes in hex.
pub fn random_hex<const N: usize>() -> String {
    let mut bytes = [0_u8; N];
    // A machine whose kernel gives no random bytes cannot do anything safely.
    if SystemRandom::new().fill(&mut bytes).is_err() {
        std::process::abort();
    }
    hex::encode(bytes)
}

/// SHA-256 in hex.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(digest::digest(&digest::SHA256, bytes))
}

fn derive(rounds: NonZeroU32, salt: &str, password: &Secret) -> String {
    let mut out = [0_u8; 32];
    let password = password.reveal().as_bytes();
    pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, rounds, salt.as_bytes(), password, &mut out);
    hex::encode(out)
}

#[cfg(test)]
mod tests {
    use super::{fits, hash, random_hex};
    use crate::secret::Secret;

    #[test]
    fn only_the_right_password_fits_its_hash() {
        let stored = hash(&Secret::new("right"));
        assert!(fits(&Secret::new("right"), &stored));
        assert!(!fits(&Secret::new("wrong"), &stored));
        assert!(!stored.contains("right"));
    }

    #[test]
    fn the_same_password_gives_another_hash_each_time() {
        assert_ne!(hash(&Secret::new("x")), hash(&Secret::new("x")));
        assert_ne!(random_hex::<16>(), random_hex::<16>());
    }

    #[test]
    fn a_malformed_hash_fits_nothing() {
        for stored in ["", "pbkdf2$0$a$b", "pbkdf2$x$a$00", "21232f297a57a5a743894a0e4a801fc3"] {
            assert!(!fits(&Secret::new("admin"), stored), "{stored}");
        }
    }
}
