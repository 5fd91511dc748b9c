//! Why a call found no connection, in words a person can act on.
//!
//! tonic wraps such reasons several layers deep: [`diagnose`] digs them out again.

use std::error::Error as StdError;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::admission::Refusal;
use crate::endpoint::Endpoint;
use crate::verify::PinMismatch;

/// A connection that could not be made. Nothing of the application was sent.
#[derive(Debug, thiserror::Error)]
#[error("cannot connect to {endpoint}: {cause}")]
pub struct ConnectFailure {
    /// The endpoint that was dialled.
    pub endpoint: Endpoint,
    /// What stopped it.
    pub cause: Cause,
}

/// What stopped a connection.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Cause {
    /// No TCP connection.
    #[error("{0}; is the coordinator running there, and the port open?")]
    Unreachable(String),
    /// Nothing answered in time.
    #[error("no answer in time; is the coordinator running there, and the port open?")]
    TimedOut,
    /// The server shows another authority than the pinned one.
    #[error(
        "it shows another authority than the one pinned, so nothing was sent; check the address, or make a new string"
    )]
    PinMismatch,
    /// The server's certificate is not one of a coordinator of this cluster.
    #[error("its certificate is not trusted ({0}); check the address and the clocks")]
    ServerNotTrusted(String),
    /// Another replica answered than the one expected.
    #[error("another replica answers there than the expected one")]
    OtherReplica,
    /// The server revoked our certificate.
    #[error("our certificate was revoked; enrol or log in again")]
    OurCertificateRevoked,
    /// The server requires a certificate, and we showed none.
    #[error("a certificate is required there; enrol or log in first, or use the port that is for that")]
    CertificateRequired,
    /// The server turned our certificate away.
    #[error("our certificate is refused; it may have expired, or may not be registered there")]
    OurCertificateRefused,
    /// The server ended the connection without a word: it is too busy, or stopping.
    #[error("it hung up without giving a reason; it may be stopping or too busy: try again")]
    HungUp,
    /// The handshake failed in another way.
    #[error("the TLS handshake failed ({0})")]
    Handshake(String),
}

impl Cause {
    pub(crate) fn of(e: &io::Error) -> Self {
        let tls = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match tls {
            Some(tls) => of_tls(tls),
            None if matches!(e.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => Self::HungUp,
            None => Self::Unreachable(e.to_string()),
        }
    }
}

fn of_tls(e: &rustls::Error) -> Cause {
    use AlertDescription as A;
    match e {
        rustls::Error::AlertReceived(A::CertificateRevoked) => Cause::OurCertificateRevoked,
        rustls::Error::AlertReceived(A::CertificateRequired) => Cause::CertificateRequired,
        rustls::Error::AlertReceived(
            A::BadCertificate
            | A::CertificateExpired
            | A::CertificateUnknown
            | A::UnsupportedCertificate
            | A::UnknownCA
            | A::AccessDenied
            | A::DecryptError,
        ) => Cause::OurCertificateRefused,
        rustls::Error::InvalidCertificate(CertificateError::Other(ours)) if ours.0.is::<PinMismatch>() => {
            Cause::PinMismatch
        }
        rustls::Error::InvalidCertificate(CertificateError::Other(ours)) => {
            let refusal = ours.0.downcast_ref::<Refusal>();
            Cause::ServerNotTrusted(refusal.map_or_else(|| e.to_string(), Refusal::to_string))
        }
        rustls::Error::InvalidCertificate(why) => Cause::ServerNotTrusted(why.to_string()),
        other => Cause::Handshake(other.to_string()),
    }
}

/// The reason inside an error of a call, if the connection failed *before the call was sent*: trying again is then always safe.
///
/// Give it a `tonic::Status` or a transport error. `None` says nothing about whether the call arrived.
pub fn diagnose(error: &(dyn StdError + 'static)) -> Option<Cause> {
    let mut next = Some(error);
    while let Some(e) = next {
        if let Some(failure) = e.downcast_ref::<ConnectFailure>() {
            return Some(failure.cause.clone());
        }
        // The connection was ending (its age, a restart) while the call still waited in the channel.
        if e.downcast_ref::<hyper::Error>().is_some_and(hyper::Error::is_canceled) {
            return Some(Cause::HungUp);
        }
        // An I/O error hides what it wraps from `source`.
        let wrapped = e.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        next = wrapped.map(|w| w as &(dyn StdError + 'static)).or_else(|| e.source());
    }
    None
}
