//! Secrets that travel with a start grant only: named here, made and carried elsewhere.

use serde::{Deserialize, Serialize};

/// What kind of secret an action needs at its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CredentialKind {
    /// kubeadm bootstrap token, `[a-z0-9]{6}.[a-z0-9]{16}`.
    BootstrapToken,
    /// kubeadm certificate key, 64 hex digits (AES-256).
    CertificateKey,
    /// A join string for a coordinator replica, one use.
    CoordinatorJoin,
    /// PEM chain of the site's certificate.
    SiteCertificate,
    /// PEM key of the site's certificate.
    SiteKey,
    /// PEM chain of the database server's certificate, its CA last.
    DatabaseCertificate,
    /// PEM key of the database server's certificate.
    DatabaseKey,
    /// Password of Joget's database user.
    DatabasePassword,
    /// Password of Joget's `admin`.
    JogetAdminPassword,
    /// `user:password` of the registry that Joget's image comes from.
    RegistryLogin,
}
