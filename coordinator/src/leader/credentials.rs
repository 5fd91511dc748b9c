//! Secrets that travel with a start grant: derived from the seal key or unsealed from the state, at that moment.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, SystemTime};

use anyhow::Context as _;
use ha_domain::id::{SecretName, TokenId};
use ha_domain::state::{Command, TokenPurpose};
use ha_domain::step::{Action, CredentialKind, Joget, Step};
use ha_transport::{Endpoint, JoinString, Secret};

use super::secrets;
use crate::config::Ports;
use crate::mesh::{SharedMesh, now};

/// How long a coordinator's join token lives, in milliseconds.
const COORDINATOR_TOKEN_MS: u64 = 10 * 60_000;

/// The secrets that the action of `step` needs, by the name of their kind.
pub(super) async fn for_action(mesh: &SharedMesh, step: &Step) -> anyhow::Result<HashMap<String, String>> {
    let mut all = BTreeMap::new();
    for kind in step.action.credentials() {
        let text = one(mesh, step, *kind).await.with_context(|| format!("{kind:?}"))?;
        let name = serde_json::to_value(kind)?;
        all.insert(name.as_str().unwrap_or_default().to_owned(), text);
    }
    Ok(all.into_iter().collect())
}

async fn one(mesh: &SharedMesh, step: &Step, kind: CredentialKind) -> anyhow::Result<String> {
    match kind {
        CredentialKind::BootstrapToken => Ok(bootstrap_token(mesh, generation(&step.action))),
        CredentialKind::CertificateKey => {
            Ok(hex::encode(mesh.seal.derive(&context(mesh, "certificate-key", generation(&step.action))).expose()))
        }
        CredentialKind::CoordinatorJoin => coordinator_join(mesh, step).await,
        CredentialKind::DatabasePassword => secrets::read(mesh, &SecretName::new(secrets::DATABASE_PASSWORD)?),
        CredentialKind::JogetAdminPassword => secrets::read(mesh, &SecretName::new(secrets::JOGET_ADMIN_PASSWORD)?),
        CredentialKind::SiteCertificate => secrets::read(mesh, &SecretName::new(secrets::SITE_CERTIFICATE)?),
        CredentialKind::SiteKey => secrets::read(mesh, &SecretName::new(secrets::SITE_KEY)?),
        CredentialKind::RegistryLogin => registry_login(mesh, &step.action),
        CredentialKind::DatabaseCertificate => secrets::read(mesh, &SecretName::new(secrets::DATABASE_CERTIFICATE)?),
        CredentialKind::DatabaseKey => secrets::read(mesh, &SecretName::new(secrets::DATABASE_KEY)?),
    }
}

fn registry_login(mesh: &SharedMesh, action: &Action) -> anyhow::Result<String> {
    let Action::Joget(Joget { registry: Some(registry), .. }) = action else { anyhow::bail!("no registry is named") };
    let login = secrets::read(mesh, &registry.secret)?;
    anyhow::ensure!(
        login.contains(':'),
        "secret {0} must be user:password for {1}: `hactl secret set {0}`",
        registry.secret,
        registry.host
    );
    Ok(login)
}

/// Which pair of join secrets an action uses or makes.
fn generation(action: &Action) -> u64 {
    match action {
        Action::ControlPlaneJoin(join) => join.credentials,
        Action::WorkerJoin(join) => join.credentials,
        Action::JoinCredentials(made) => made.generation,
        _ => 0,
    }
}

fn context(mesh: &SharedMesh, what: &str, generation: u64) -> String {
    let lineage = mesh.peek(|s| s.mesh.as_ref().map_or(0, |m| m.lineage));
    format!("{what}/{lineage}/{generation}")
}

/// kubeadm's form: six and sixteen of a-z and 0-9. Every leader derives the same, so nothing is stored.
fn bootstrap_token(mesh: &SharedMesh, generation: u64) -> String {
    const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let derived = mesh.seal.derive(&context(mesh, "bootstrap-token", generation));
    let text: String = derived.expose().iter().map(|b| char::from(ALPHABET[usize::from(b & 31)])).collect();
    format!("{}.{}", &text[..6], &text[6..22])
}

async fn coordinator_join(mesh: &SharedMesh, step: &Step) -> anyhow::Result<String> {
    let secret = Secret::<[u8; 32]>::random()?;
    let id = TokenId::new(&format!("c{}", &hex::encode(Secret::<[u8; 32]>::random()?.expose())[..10]))?;
    let issue = Command::IssueToken {
        id: id.clone(),
        secret: secret.digest(),
        purpose: TokenPurpose::Coordinator { name: step.name.clone() },
        uses: 1,
        expires: now().plus_ms(COORDINATOR_TOKEN_MS),
    };
    mesh.propose("leader", issue).await?;
    let pin = mesh.peek(|s| s.mesh.as_ref().map(|m| m.pin.clone())).context("no mesh")?;
    let endpoints = mesh.hosts().into_iter().map(|(_, host)| Ok(Endpoint::new(&Ports::of(&host)?.agents())?));
    let join = JoinString::new(id, secret, pin, endpoints.collect::<anyhow::Result<Vec<_>>>()?);
    Ok(join?.text().expose().clone())
}

/// This process's clock for certificates.
pub(super) fn clock() -> SystemTime {
    SystemTime::now()
}

/// How long a certificate that we sign for the site's own servers lives.
pub(super) const SERVER_CERTIFICATE: Duration = Duration::from_secs(825 * 24 * 3600);
