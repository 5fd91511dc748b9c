//! What can go wrong with certificates, keys, their files and connections, said with what to do next.
//!
//! Knows nothing of gRPC statuses or exit codes: callers translate.

use std::io;
use std::path::PathBuf;

use ha_domain::id::ClusterName;

/// An error of this crate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A certificate, key or authority that cannot be read or used.
    #[error("the {what} cannot be used: {why}")]
    Unusable {
        /// Which object, for example `certificate`.
        what: &'static str,
        /// The reason, and what to do where we know it.
        why: String,
    },
    /// Something of another cluster was offered.
    #[error("this is of cluster {theirs}, here is {ours}: use the files or the join string of {ours}")]
    OtherCluster {
        /// Our cluster.
        ours: ClusterName,
        /// The one that was named.
        theirs: ClusterName,
    },
    /// A signing request that is not signed by its own key, is malformed, or has a key of another kind.
    #[error("the signing request is refused: {0}; make a new key (P-256) and ask again")]
    SigningRequest(&'static str),
    /// A file could not be read or written.
    #[error("cannot {doing} {}: {source}", path.display())]
    File {
        /// The verb, for example `read`.
        doing: &'static str,
        /// Which file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// A key file that other users can read.
    #[error("{} is readable by others (mode {mode:o}): chmod 600 it, and replace the key if a stranger had access", path.display())]
    Exposed {
        /// The key's file.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
    },
    /// Sealed bytes that do not open with this key and this context.
    #[error(
        "what was sealed for {context:?} does not open: it was altered, or sealed with another key; give the recovery key"
    )]
    Sealed {
        /// The context it should have been sealed for.
        context: String,
    },
    /// An address could not be listened on.
    #[error("cannot listen on {address}: {source}; is another program using the port?")]
    Bind {
        /// The address asked for.
        address: std::net::SocketAddr,
        /// What the operating system said.
        source: io::Error,
    },
    /// A connection could not be made.
    #[error(transparent)]
    Connect(#[from] crate::diagnose::ConnectFailure),
    /// The operating system gave no randomness.
    #[error("the operating system gave no randomness: no key can be made safely; check /dev/urandom")]
    NoRandomness,
}

impl Error {
    pub(crate) fn unusable(what: &'static str, why: impl ToString) -> Self {
        Self::Unusable { what, why: why.to_string() }
    }
}
