//! The site's own secrets: made once when a spec first needs them, sealed, unsealed for a grant.

use anyhow::Context as _;
use ha_domain::id::SecretName;
use ha_domain::state::Command;
use ha_transport::Secret;

use super::credentials::{SERVER_CERTIFICATE, clock};
use crate::ca;
use crate::mesh::{Mesh, SharedMesh};

/// Password of Joget's database user.
pub(super) const DATABASE_PASSWORD: &str = "database-password";
/// Password of Joget's administrator.
pub(super) const JOGET_ADMIN_PASSWORD: &str = "joget-admin-password";
/// Certificate chain that the ingress presents.
pub(super) const SITE_CERTIFICATE: &str = "site-certificate";
/// Its key.
pub(super) const SITE_KEY: &str = "site-key";
/// Certificate chain of the database server.
pub(super) const DATABASE_CERTIFICATE: &str = "database-certificate";
/// Its key.
pub(super) const DATABASE_KEY: &str = "database-key";

/// Makes what the spec in force needs and nobody has set.
pub(super) async fn ensure(mesh: &SharedMesh) -> anyhow::Result<()> {
    let Some((missing, names)) = mesh.peek(|state| {
        let spec = &state.spec.as_ref()?.spec;
        let all = [DATABASE_PASSWORD, JOGET_ADMIN_PASSWORD, SITE_CERTIFICATE, DATABASE_CERTIFICATE];
        let absent = |name: &&str| SecretName::new(name).is_ok_and(|n| !state.secrets.contains_key(&n));
        let missing: Vec<&str> = all.into_iter().filter(absent).collect();
        let site = vec![spec.joget.host.to_string()];
        let database =
            spec.databases().iter().flat_map(|m| [m.name.to_string(), m.address.to_string()]).collect::<Vec<_>>();
        Some((missing, (site, database)))
    }) else {
        return Ok(());
    };
    for name in missing {
        match name {
            SITE_CERTIFICATE => certificate(mesh, &names.0, (SITE_CERTIFICATE, SITE_KEY)).await?,
            DATABASE_CERTIFICATE => certificate(mesh, &names.1, (DATABASE_CERTIFICATE, DATABASE_KEY)).await?,
            password => set(mesh, password, random_password()?.as_bytes()).await?,
        }
    }
    Ok(())
}

fn random_password() -> anyhow::Result<String> {
    Ok(hex::encode(&Secret::<[u8; 32]>::random()?.expose()[..16]))
}

async fn certificate(mesh: &SharedMesh, names: &[String], (certificate, key): (&str, &str)) -> anyhow::Result<()> {
    let state = mesh.peek(|s| s.mesh.clone()).context("no mesh")?;
    let server = ca::authority(&state, &mesh.seal)?.issue_server(names, SERVER_CERTIFICATE, clock())?;
    set(mesh, key, server.key_pem.expose().as_bytes()).await?;
    set(mesh, certificate, format!("{}{}", server.pem, state.ca_pem).as_bytes()).await
}

async fn set(mesh: &SharedMesh, name: &str, value: &[u8]) -> anyhow::Result<()> {
    let sealed = seal(mesh, name, value)?;
    mesh.propose("leader", Command::SetSecret { name: SecretName::new(name)?, sealed, if_absent: true }).await?;
    Ok(())
}

/// Seals a secret for the state.
pub fn seal(mesh: &Mesh, name: &str, value: &[u8]) -> anyhow::Result<String> {
    Ok(hex::encode(mesh.seal.seal(&format!("secret/{name}"), value)?))
}

/// Unseals a secret.
pub(super) fn read(mesh: &Mesh, name: &SecretName) -> anyhow::Result<String> {
    let sealed = mesh.peek(|s| s.secrets.get(name).map(|r| r.sealed.clone()));
    let sealed = sealed.with_context(|| format!("secret {name} is not set: `hactl secret set {name}`"))?;
    let open = mesh.seal.open(&format!("secret/{name}"), &hex::decode(sealed)?)?;
    Ok(String::from_utf8(open.expose().clone())?)
}
