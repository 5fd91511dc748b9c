//! ha-transport: certificates, mutual TLS, who the peer is, reconnect. Knows nothing of the messages that travel.
//!
//! | for | see |
//! |---|---|
//! | an authority, and signing for it | [`CertificateAuthority`], [`Csr`], [`LocalKey`] |
//! | own certificate on disk and in use | [`Credentials`], [`CredentialStore`] |
//! | serving | [`Listener`] told by [`ListenConfig`], feeding [`server`]; [`Admission`] decides, [`Connections`] closes, [`Counters`] counts |
//! | who calls | [`Peer`], in the extensions of every request |
//! | calling | [`channel`], for an enrolment or login [`pinned_channel`]; [`diagnose`] says why it failed, [`Backoff`] when to try again |
//! | join and login strings | [`JoinString`], [`LoginString`] |
//! | secrets | [`Secret`] in memory, [`SealKey`] at rest |
//!
//! A connection's way in: `accept` (limits) -> `handshake` (time, TLS 1.3, HTTP/2) -> `verify` (chain, identity, admission)
//! -> `connections` (registered, admission asked once more) -> `connection` (until closed, expired or aged).

mod accept;
mod admission;
mod ca;
mod certificate;
mod connect;
mod connection;
mod connections;
mod counters;
mod credentials;
mod csr;
mod diagnose;
mod endpoint;
mod error;
mod files;
mod handshake;
mod instant;
mod join;
mod key;
mod listen;
mod peer;
mod pending;
mod pinned;
mod retry;
mod seal;
mod secret;
mod server;
mod store;
mod tls;
mod verify;

pub use admission::{Admission, Refusal};
pub use ca::{COORDINATOR_DNS_NAME, CertificateAuthority, ServerCertificate, SignedCertificate};
pub use certificate::Facts;
pub use connect::{ChannelOptions, channel};
pub use connection::Connection;
pub use connections::Connections;
pub use counters::{Counters, Reason};
pub use credentials::Credentials;
pub use csr::Csr;
pub use diagnose::{Cause, ConnectFailure, diagnose};
pub use endpoint::{Endpoint, InvalidEndpoint};
pub use error::Error;
pub use instant::time_at;
pub use join::{Invitation, InvitationError, JoinString, LoginString};
pub use key::LocalKey;
pub use listen::{ClientAuth, ListenConfig, ListenLimits, Listener};
pub use peer::{Peer, Standing};
pub use pinned::{Pinned, pinned_channel};
pub use retry::Backoff;
pub use seal::SealKey;
pub use secret::Secret;
pub use server::{ServerLimits, server};
pub use store::{CredentialStore, Ready};
