//! PostgreSQL's SCRAM-SHA-256 secrets, so that a password reaches the server's SQL, and thereby possibly a log, never in
//! clear. Pure.
//!
//! Knows nothing of users.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// The number of rounds PostgreSQL itself uses.
const ROUNDS: u32 = 4096;

/// What PostgreSQL keeps for `password`.
pub(crate) fn secret(password: &str, salt: &[u8]) -> String {
    encode(password, salt, ROUNDS)
}

/// Whether `kept` was made from `password`.
pub(crate) fn fits(kept: &str, password: &str) -> bool {
    parts(kept).is_some_and(|(rounds, salt)| encode(password, &salt, rounds) == kept)
}

/// Rounds and salt of `SCRAM-SHA-256$<rounds>:<salt>$<stored key>:<server key>`.
fn parts(kept: &str) -> Option<(u32, Vec<u8>)> {
    let (rounds, rest) = kept.strip_prefix("SCRAM-SHA-256$")?.split_once(':')?;
    let (salt, _) = rest.split_once('$')?;
    let rounds = rounds.parse().ok().filter(|r| (1..=1_000_000).contains(r))?;
    Some((rounds, STANDARD.decode(salt).ok()?))
}

fn encode(password: &str, salt: &[u8], rounds: u32) -> String {
    let salted = stretched(password.as_bytes(), salt, rounds);
    let stored = Sha256::digest(keyed(&salted, &[b"Client Key"]));
    let server = keyed(&salted, &[b"Server Key"]);
    format!("SCRAM-SHA-256${rounds}:{}${}:{}", STANDARD.encode(salt), STANDARD.encode(stored), STANDARD.encode(server))
}

/// PBKDF2 with one block of output.
fn stretched(password: &[u8], salt: &[u8], rounds: u32) -> [u8; 32] {
    let mut last = keyed(password, &[salt, &1_u32.to_be_bytes()]);
    let mut sum = last;
    for _ in 1..rounds {
        last = keyed(password, &[&last]);
        sum.iter_mut().zip(last).for_each(|(s, l)| *s ^= l);
    }
    sum
}

/// HMAC-SHA-256.
fn keyed(key: &[u8], message: &[&[u8]]) -> [u8; 32] {
    let mut block = [0_u8; 64];
    if key.len() > block.len() {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let padded = |pad: u8| block.map(|b| b ^ pad);
    let mut inner = Sha256::new_with_prefix(padded(0x36));
    message.iter().for_each(|part| inner.update(part));
    Sha256::new_with_prefix(padded(0x5c)).chain_update(inner.finalize()).finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hmac_is_that_of_rfc_4231() {
        let mac = keyed(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(hex::encode(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
        let long = keyed(&[0xaa; 131], &[b"Test Using Larger Than Block-Size Key - Hash Key First"]);
        assert_eq!(hex::encode(long), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    }

    #[test]
    fn keys_are_those_of_rfc_7677() {
        // Its example: password "pencil", this salt, 4096 rounds; the proofs there follow from these keys.
        let salt = STANDARD.decode("W22ZaJ0SNY7soEsUEjb6gQ==").unwrap();
        let kept = secret("pencil", &salt);
        assert_eq!(
            kept,
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:\
             wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        );
    }

    #[test]
    fn only_the_same_password_fits() {
        let kept = secret("s3cret", b"0123456789abcdef");
        assert!(fits(&kept, "s3cret") && !fits(&kept, "s3cret2"));
        assert!(!fits("md5abc", "s3cret") && !fits("", ""));
    }
}
