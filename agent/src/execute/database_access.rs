//! Joget's way into the database: schema, user, grants. The password comes with the grant of the step and goes to the server
//! over standard input.
//!
//! Knows nothing of the server's own settings; who may connect was left by the server's action.

mod mariadb;
mod postgresql;

use ha_domain::spec::DatabaseKind;
use ha_domain::step::{CredentialKind, DatabaseAccess};

use super::database::sql;
use super::{ActError, Context, Probe};

/// What is looked for: with a password only while a step runs.
struct Wanted<'a> {
    name: &'a str,
    user: &'a str,
    tls: bool,
    password: Option<&'a str>,
}

fn wanted<'a>(a: &'a DatabaseAccess, cx: &'a Context<'_>) -> Result<Wanted<'a>, ActError> {
    let password = cx.credential(CredentialKind::DatabasePassword).ok();
    if password.is_some_and(|p| p.is_empty() || p.contains(|c: char| c.is_control())) {
        return Err(ActError::Refused(
            "the database password is empty or has control characters: set another".to_owned(),
        ));
    }
    Ok(Wanted { name: sql::name(&a.name)?, user: sql::name(&a.user)?, tls: a.tls, password })
}

/// Asks the server; with a password at hand also whether it is the user's.
pub(super) async fn probe(a: &DatabaseAccess, cx: &Context<'_>) -> Result<Probe, ActError> {
    let wanted = wanted(a, cx)?;
    let trouble = match a.kind {
        DatabaseKind::MariaDb => mariadb::trouble(&wanted, cx).await,
        DatabaseKind::PostgreSql => postgresql::trouble(&wanted, cx).await,
    };
    match trouble {
        Ok(trouble) => Ok(trouble.map_or_else(Probe::converged, Probe::Differs)),
        // A server that does not answer is its own action's concern; seen from here there is no way in.
        Err(ActError::Program { said, .. }) => Ok(Probe::Differs(format!("the server does not answer: {said}"))),
        Err(other) => Err(other),
    }
}

/// Makes schema, user and grants, and sets the password.
pub(super) async fn act(a: &DatabaseAccess, cx: &Context<'_>) -> Result<(), ActError> {
    let wanted = wanted(a, cx)?;
    let password = cx.credential(CredentialKind::DatabasePassword)?;
    match a.kind {
        DatabaseKind::MariaDb => mariadb::grant(&wanted, password, cx).await,
        DatabaseKind::PostgreSql => postgresql::grant(&wanted, password, cx).await,
    }
}
