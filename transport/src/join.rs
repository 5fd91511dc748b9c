//! The one line that lets a machine enrol (`ha1...`) or an operator log in (`hal1...`).
//!
//! `<kind><version>.<token>.<secret>.<pin>.<endpoints>.<checksum>`: everything needed, checked before anything is dialled.
//! The checksum finds copying mistakes; it protects against nobody.

use std::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ha_domain::id::{Digest, TokenId};

use crate::endpoint::Endpoint;
use crate::secret::Secret;

/// No honest string is longer.
const MAX_CHARS: usize = 4096;
const MAX_ENDPOINTS: usize = 16;
const CHECKSUM_CHARS: usize = 8;

/// Whom a string is for.
pub trait Kind {
    /// What the string begins with, version included.
    const PREFIX: &'static str;
    /// How a person calls the string.
    const NAME: &'static str;
    /// How to get another.
    const RENEW: &'static str;
    /// What to run with it.
    const USE: &'static str;
}

/// A machine that enrols.
#[derive(Debug, Clone)]
pub enum Machine {}
impl Kind for Machine {
    const PREFIX: &'static str = "ha1";
    const NAME: &'static str = "join string";
    const RENEW: &'static str = "make a new one with `hactl token create`";
    const USE: &'static str = "ha-agent join";
}

/// An operator who logs in.
#[derive(Debug, Clone)]
pub enum Operator {}
impl Kind for Operator {
    const PREFIX: &'static str = "hal1";
    const NAME: &'static str = "login string";
    const RENEW: &'static str = "have a new one made with `hactl user add`";
    const USE: &'static str = "hactl login";
}

/// What a machine is given to enrol.
pub type JoinString = Invitation<Machine>;
/// What an operator is given to log in.
pub type LoginString = Invitation<Operator>;

/// A token with its secret, and where and how to know the coordinators.
#[derive(Debug, Clone)]
pub struct Invitation<K> {
    /// The token's public id.
    pub token: TokenId,
    /// Proves the right to use the token.
    pub secret: Secret<[u8; 32]>,
    /// SHA-256 of the authority's public key.
    pub pin: Digest,
    /// Where coordinators can be dialled, at least one.
    pub endpoints: Vec<Endpoint>,
    kind: PhantomData<K>,
}

/// Why a string is refused. The messages never quote it: it holds a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvitationError {
    /// Something else was given.
    #[error("this is not a {name}: it should begin with {prefix}.; copy the whole line")]
    Foreign {
        /// What was expected.
        name: &'static str,
        /// What it begins with.
        prefix: &'static str,
    },
    /// A string of the other kind was given.
    #[error("this is a {given}, not a {name}: use it with `{command}`")]
    OtherKind {
        /// What was given.
        given: &'static str,
        /// What was expected.
        name: &'static str,
        /// Where it belongs.
        command: &'static str,
    },
    /// It is of a later (or unknown) version.
    #[error(
        "this {name} is of version {version}, which this program does not know: install the coordinator's version here"
    )]
    Version {
        /// What was expected.
        name: &'static str,
        /// The version it names.
        version: String,
    },
    /// The end is missing.
    #[error("the {name} is cut short: copy the whole line, or {renew}")]
    Truncated {
        /// What was expected.
        name: &'static str,
        /// How to get another.
        renew: &'static str,
    },
    /// A character differs from what was made.
    #[error("the {name} was altered (its checksum does not match): copy it again, or {renew}")]
    Altered {
        /// What was expected.
        name: &'static str,
        /// How to get another.
        renew: &'static str,
    },
    /// It is whole but a part is malformed: it was not made by a coordinator.
    #[error("the {part} in the {name} is malformed: {renew}")]
    Malformed {
        /// Which part.
        part: &'static str,
        /// What was expected.
        name: &'static str,
        /// How to get another.
        renew: &'static str,
    },
}

impl<K: Kind> Invitation<K> {
    /// Puts the parts together.
    ///
    /// # Errors
    /// When there is no endpoint, or more than sixteen.
    pub fn new(
        token: TokenId,
        secret: Secret<[u8; 32]>,
        pin: Digest,
        endpoints: Vec<Endpoint>,
    ) -> Result<Self, InvitationError> {
        if endpoints.is_empty() || endpoints.len() > MAX_ENDPOINTS {
            return Err(malformed::<K>("endpoint list"));
        }
        Ok(Self { token, secret, pin, endpoints, kind: PhantomData })
    }

    /// The line to hand over. It is as secret as the secret in it.
    pub fn text(&self) -> Secret<String> {
        let secret = Secret::new(BASE64.encode(self.secret.expose()));
        let pin = BASE64.encode(hex::decode(self.pin.as_str()).unwrap_or_default());
        let endpoints: Vec<&str> = self.endpoints.iter().map(Endpoint::as_str).collect();
        let endpoints = BASE64.encode(endpoints.join(","));
        let body = format!("{}.{}.{}.{pin}.{endpoints}", K::PREFIX, self.token, secret.expose());
        let checksum = checksum(&body);
        let body = Secret::new(body);
        Secret::new(format!("{}.{checksum}", body.expose()))
    }

    /// Reads the line; blanks and line ends around it do not matter.
    ///
    /// # Errors
    /// What is wrong with it, and what to do.
    pub fn parse(text: &str) -> Result<Self, InvitationError> {
        let text = text.trim();
        let rest = after_prefix::<K>(text)?;
        if text.len() > MAX_CHARS {
            return Err(altered::<K>());
        }
        let parts: Vec<&str> = rest.split('.').collect();
        let [token, secret, pin, endpoints, sum] = parts.as_slice() else {
            return Err(if parts.len() < 5 { truncated::<K>() } else { altered::<K>() });
        };
        let body = text.get(..text.len() - sum.len() - 1).unwrap_or_default();
        match (sum.len() < CHECKSUM_CHARS, *sum == checksum(body)) {
            (true, _) => return Err(truncated::<K>()),
            (false, false) => return Err(altered::<K>()),
            (false, true) => {}
        }
        let token = TokenId::new(token).map_err(|_| malformed::<K>("token"))?;
        let secret = decode32(secret).ok_or_else(|| malformed::<K>("secret"))?;
        let pin = decode32(pin).and_then(|pin| Digest::try_from(hex::encode(pin.expose())).ok());
        let pin = pin.ok_or_else(|| malformed::<K>("pin"))?;
        Self::new(token, secret, pin, decode_endpoints(endpoints).ok_or_else(|| malformed::<K>("endpoint list"))?)
    }
}

/// What follows `<prefix>.`, or why this is another kind of text.
fn after_prefix<K: Kind>(text: &str) -> Result<&str, InvitationError> {
    let foreign = InvitationError::Foreign { name: K::NAME, prefix: K::PREFIX };
    let Some((prefix, rest)) = text.split_once('.') else {
        return Err(if text == K::PREFIX { truncated::<K>() } else { foreign });
    };
    let version = prefix.strip_prefix(K::PREFIX.trim_end_matches(|c: char| c.is_ascii_digit()));
    match version {
        _ if prefix == K::PREFIX => Ok(rest),
        Some(v) if !v.is_empty() && v.len() < 6 && v.bytes().all(|b| b.is_ascii_digit()) => {
            Err(InvitationError::Version { name: K::NAME, version: v.to_owned() })
        }
        _ => Err(of_other_kind::<K>(prefix).unwrap_or(foreign)),
    }
}

fn of_other_kind<K: Kind>(prefix: &str) -> Option<InvitationError> {
    let other = |given, command| InvitationError::OtherKind { given, name: K::NAME, command };
    match prefix {
        Machine::PREFIX => Some(other(Machine::NAME, Machine::USE)),
        Operator::PREFIX => Some(other(Operator::NAME, Operator::USE)),
        _ => None,
    }
}

fn truncated<K: Kind>() -> InvitationError {
    InvitationError::Truncated { name: K::NAME, renew: K::RENEW }
}
fn altered<K: Kind>() -> InvitationError {
    InvitationError::Altered { name: K::NAME, renew: K::RENEW }
}
fn malformed<K: Kind>(part: &'static str) -> InvitationError {
    InvitationError::Malformed { part, name: K::NAME, renew: K::RENEW }
}

fn checksum(body: &str) -> String {
    Digest::of(body.as_bytes()).short().to_owned()
}

fn decode32(text: &str) -> Option<Secret<[u8; 32]>> {
    let bytes = Secret::new(BASE64.decode(text).ok()?);
    let array = <[u8; 32]>::try_from(bytes.expose().as_slice()).ok()?;
    Some(Secret::new(array))
}

fn decode_endpoints(text: &str) -> Option<Vec<Endpoint>> {
    let list = String::from_utf8(BASE64.decode(text).ok()?).ok()?;
    list.split(',').map(|one| Endpoint::new(one).ok()).collect()
}
