//! Tokens, operators and secrets.

use ha_domain::id::{MachineName, SecretName, TokenId, UserName};
use ha_domain::spec::Role as MachineRole;
use ha_domain::state::{Command, Role, TokenPurpose};
use ha_proto::v1::{AddUserRequest, CreateTokenReply, CreateTokenRequest, Empty, RevokeRequest, SetSecretRequest};
use ha_transport::{Endpoint, JoinString, LoginString, Secret};
use tonic::{Response, Status};

use super::Answer;
use crate::api::reply::refused;
use crate::config::Ports;
use crate::leader::seal;
use crate::mesh::{SharedMesh, now};

/// A join string for one machine: ten minutes unless asked otherwise, a day at most.
const TOKEN_SECONDS: u64 = 600;
const LONGEST_SECONDS: u64 = 24 * 3600;
/// A login string: an hour.
const LOGIN_SECONDS: u64 = 3600;

fn bad(e: impl std::fmt::Display) -> Status {
    Status::invalid_argument(e.to_string())
}

/// A fresh token id and secret.
pub(crate) fn fresh_token(prefix: char) -> anyhow::Result<(TokenId, Secret<[u8; 32]>)> {
    let id = hex::encode(Secret::<[u8; 32]>::random()?.expose());
    Ok((TokenId::new(&format!("{prefix}{}", &id[..10]))?, Secret::random()?))
}

async fn issue(
    mesh: &SharedMesh,
    (by, key): (&str, String),
    (purpose, seconds): (TokenPurpose, u64),
) -> Result<(TokenId, Secret<[u8; 32]>, u64), Status> {
    let (id, secret) = fresh_token('t').map_err(|e| Status::internal(e.to_string()))?;
    let expires = now().plus_ms(seconds * 1000);
    let command = Command::IssueToken { id: id.clone(), secret: secret.digest(), purpose, uses: 1, expires };
    // A repeated call makes another token: the first one's secret was told once and is not kept.
    drop(key);
    mesh.propose(by, command).await.map_err(refused)?;
    Ok((id, secret, expires.0))
}

fn endpoints(mesh: &SharedMesh, port: impl Fn(&Ports) -> String) -> Result<Vec<Endpoint>, Status> {
    let all = mesh.hosts().into_iter().map(|(_, host)| Ok(Endpoint::new(&port(&Ports::of(&host)?))?));
    all.collect::<anyhow::Result<Vec<_>>>().map_err(|e| Status::internal(e.to_string()))
}

pub(super) async fn create_token(mesh: &SharedMesh, by: &str, request: CreateTokenRequest) -> Answer<CreateTokenReply> {
    let name = MachineName::new(&request.name).map_err(bad)?;
    let role = match request.role.as_str() {
        "" => None,
        text => Some(machine_role(text)?),
    };
    let seconds = if request.ttl_seconds == 0 { TOKEN_SECONDS } else { request.ttl_seconds.min(LONGEST_SECONDS) };
    let (id, secret, expires_ms) =
        issue(mesh, (by, request.key), (TokenPurpose::Machine { name, role }, seconds)).await?;
    let pin =
        mesh.peek(|s| s.mesh.as_ref().map(|m| m.pin.clone())).ok_or_else(|| Status::failed_precondition("no mesh"))?;
    let join = JoinString::new(id.clone(), secret, pin, endpoints(mesh, Ports::agents)?).map_err(bad)?;
    Ok(Response::new(CreateTokenReply { text: join.text().expose().clone(), id: id.to_string(), expires_ms }))
}

fn machine_role(text: &str) -> Result<MachineRole, Status> {
    let known = MachineRole::ALL.into_iter().find(|r| r.as_str() == text);
    known.ok_or_else(|| {
        let all = MachineRole::ALL.map(MachineRole::as_str).join(", ");
        bad(format!("role {text:?} is unknown; roles are {all}"))
    })
}

pub(super) async fn revoke_token(mesh: &SharedMesh, by: &str, request: RevokeRequest) -> Answer<Empty> {
    let id = TokenId::new(&request.id).map_err(bad)?;
    mesh.propose_once(by, Some(request.key), Command::RevokeToken { id }).await.map_err(refused)?;
    Ok(Response::new(Empty {}))
}

pub(super) async fn add_user(mesh: &SharedMesh, by: &str, request: AddUserRequest) -> Answer<CreateTokenReply> {
    let name = UserName::new(&request.name).map_err(bad)?;
    let role = Role::parse(&request.role)
        .ok_or_else(|| bad(format!("role {:?} is unknown; roles are admin, operator, reader", request.role)))?;
    mesh.propose(by, Command::SetUser { name: name.clone(), role }).await.map_err(refused)?;
    let (id, secret, expires_ms) =
        issue(mesh, (by, request.key), (TokenPurpose::Operator { name }, LOGIN_SECONDS)).await?;
    let pin =
        mesh.peek(|s| s.mesh.as_ref().map(|m| m.pin.clone())).ok_or_else(|| Status::failed_precondition("no mesh"))?;
    let login = LoginString::new(id.clone(), secret, pin, endpoints(mesh, Ports::agents)?).map_err(bad)?;
    Ok(Response::new(CreateTokenReply { text: login.text().expose().clone(), id: id.to_string(), expires_ms }))
}

pub(super) async fn revoke_user(mesh: &SharedMesh, by: &str, request: RevokeRequest) -> Answer<Empty> {
    let name = UserName::new(&request.id).map_err(bad)?;
    mesh.propose_once(by, Some(request.key), Command::RevokeUser { name }).await.map_err(refused)?;
    Ok(Response::new(Empty {}))
}

pub(super) async fn set_secret(mesh: &SharedMesh, by: &str, request: SetSecretRequest) -> Answer<Empty> {
    let name = SecretName::new(&request.name).map_err(bad)?;
    let sealed = seal(mesh, name.as_str(), &request.value).map_err(|e| Status::internal(e.to_string()))?;
    let command = Command::SetSecret { name, sealed, if_absent: false };
    mesh.propose(by, command).await.map_err(refused)?;
    Ok(Response::new(Empty {}))
}
