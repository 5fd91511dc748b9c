//! The mesh's founding, tokens, certificates, operators and secrets.

use crate::id::{Digest, Identity, SecretName, Subject, Time, TokenId, UserName};
use crate::state::{
    CertificateRecord, Command, CoordinatorAddress, CoordinatorRecord, Entry, EventKind, Mesh, Outcome, Refusal, Reply,
    Role, SecretRecord, State, TokenPurpose, TokenRecord, UserRecord,
};

pub(super) fn found(state: &mut State, at: Time, mesh: &Mesh, first: &CoordinatorAddress) -> Outcome {
    if state.mesh.is_some() {
        return Err(Refusal::AlreadyFounded);
    }
    state.mesh = Some(mesh.clone());
    let record = CoordinatorRecord { host: first.host.clone(), at, machine: None, removed: false };
    state.coordinators.insert(first.id, record);
    state.note(at, "init", EventKind::Mesh, format!("mesh {} founded on {}", mesh.cluster, first.host));
    state.touch()
}

pub(super) fn issue_token(state: &mut State, entry: &Entry) -> Outcome {
    let Command::IssueToken { id, secret, purpose, uses, expires } = &entry.command else {
        return Ok(Reply::Unchanged);
    };
    let record =
        TokenRecord { secret: secret.clone(), purpose: purpose.clone(), uses: *uses, expires: *expires, failures: 0 };
    state.tokens.retain(|_, t| t.expires.plus_ms(24 * 3600 * 1000) > entry.at);
    state.tokens.insert(id.clone(), record);
    state.note(entry.at, &entry.by, EventKind::Token, format!("token {id} made for {}", whom(purpose)));
    Ok(Reply::Done)
}

fn whom(purpose: &TokenPurpose) -> String {
    match purpose {
        TokenPurpose::AnyMachine => "any machine".to_owned(),
        TokenPurpose::Machine { name, .. } => format!("machine {name}"),
        TokenPurpose::Coordinator { name } => format!("a coordinator on {name}"),
        TokenPurpose::Operator { name } => format!("operator {name}"),
    }
}

pub(super) fn revoke_token(state: &mut State, at: Time, by: &str, id: &TokenId) -> Outcome {
    if state.tokens.remove(id).is_none() {
        return State::missing("token", id);
    }
    state.note(at, by, EventKind::Token, format!("token {id} revoked"));
    Ok(Reply::Done)
}

pub(super) fn register(state: &mut State, at: Time, fingerprint: &Digest, (who, until): (&Identity, Time)) -> Outcome {
    // A certificate that has merely expired may renew for 90 days: a site that was off for a month comes back.
    const GRACE_MS: u64 = 90 * 24 * 3600 * 1000;
    state.certificates.retain(|_, c| c.not_after.plus_ms(GRACE_MS) > at);
    state.certificates.insert(fingerprint.clone(), CertificateRecord { identity: who.clone(), not_after: until });
    Ok(Reply::Done)
}

pub(super) fn revoke_identity(state: &mut State, at: Time, by: &str, identity: &Identity) -> Outcome {
    let before = state.certificates.len();
    state.certificates.retain(|_, c| c.identity != *identity);
    if state.certificates.len() == before {
        return State::missing("certificate of", identity);
    }
    state.note(at, by, EventKind::User, format!("{identity} revoked"));
    Ok(Reply::Done)
}

pub(super) fn set_secret(
    state: &mut State,
    entry: &Entry,
    name: &SecretName,
    (sealed, if_absent): (&str, bool),
) -> Outcome {
    let old = state.secrets.get(name);
    if if_absent && old.is_some() {
        return Ok(Reply::Unchanged);
    }
    let generation = old.map_or(1, |s| s.generation + 1);
    let record = SecretRecord { sealed: sealed.to_owned(), at: entry.at, by: entry.by.clone(), generation };
    state.secrets.insert(name.clone(), record);
    state.note(entry.at, &entry.by, EventKind::Secret, format!("secret {name} set"));
    state.touch()
}

pub(super) fn set_user(state: &mut State, at: Time, by: &str, (name, role): (&UserName, Role)) -> Outcome {
    let demoted = state.users.get(name).is_some_and(|u| u.role == Role::Admin) && role != Role::Admin;
    if demoted && admins(state) == 1 {
        return Err(Refusal::LastAdmin { name: name.to_string() });
    }
    state.users.insert(name.clone(), UserRecord { role, at });
    state.note(at, by, EventKind::User, format!("{name} is {}", role.word()));
    Ok(Reply::Done)
}

pub(super) fn revoke_user(state: &mut State, at: Time, by: &str, name: &UserName) -> Outcome {
    let Some(user) = state.users.get(name) else { return State::missing("user", name) };
    if user.role == Role::Admin && admins(state) == 1 {
        return Err(Refusal::LastAdmin { name: name.to_string() });
    }
    state.users.remove(name);
    state.certificates.retain(|_, c| c.identity.subject != Subject::Operator(name.clone()));
    state.note(at, by, EventKind::User, format!("{name} revoked"));
    Ok(Reply::Done)
}

fn admins(state: &State) -> usize {
    state.users.values().filter(|u| u.role == Role::Admin).count()
}
