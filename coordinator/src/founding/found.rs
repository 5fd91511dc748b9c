//! `ha-coordinator init`: the authority, the mesh, a group of one, a join string and an admin login.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use ha_domain::id::{ClusterName, CoordinatorId, Identity, Subject, UserName};
use ha_domain::state::{Command, CoordinatorAddress, Entry, Mesh, Outcome, Package, Role, TokenPurpose};
use ha_transport::{
    CertificateAuthority, Credentials, Csr, Endpoint, JoinString, LocalKey, LoginString, SealKey, Secret,
};

use super::{CERTIFICATE, SEAL_KEY, host_file, write_private};
use crate::api::control::fresh_token;
use crate::ca::{CA_KEY_CONTEXT, lifetime};
use crate::config::{Config, Ports};
use crate::machine::StateMachine;
use crate::mesh::now;
use crate::store::{Connect, Store, StoreConfig};

/// A day, in milliseconds.
const DAY_MS: u64 = 24 * 3600 * 1000;

/// What `init` shows, once.
#[derive(Debug)]
pub struct Founded {
    /// For every machine: 16 uses, a day.
    pub join: JoinString,
    /// For the administrator: one use, a day.
    pub login: LoginString,
    /// Opens sealed secrets when all coordinators are lost: to be kept by a person.
    pub recovery: Secret<String>,
}

/// Nobody is called before there are peers.
struct Alone;
impl Connect for Alone {
    fn channel(&self, _: CoordinatorId, address: &str) -> tonic::transport::Channel {
        tonic::transport::Endpoint::from_shared(format!("http://{address}"))
            .unwrap_or_else(|_| tonic::transport::Endpoint::from_static("http://[::1]:1"))
            .connect_lazy()
    }
}

/// Founds a mesh on this machine, reachable for others as `host`.
pub async fn init(config: &Config, host: &str, package: Option<Package>) -> anyhow::Result<Founded> {
    if config.keys.join(format!("{CERTIFICATE}.pem")).exists() {
        bail!("this machine has a coordinator already (in {}): `ha-coordinator status`", config.keys.display());
    }
    std::fs::create_dir_all(&config.keys).context("make the folder of keys")?;
    // A crash before the certificate was written leaves nothing that counts: begin again.
    if config.state.exists() {
        std::fs::remove_dir_all(&config.state).context("clear what an interrupted init left")?;
    }
    std::fs::create_dir_all(&config.state).context("make the folder of state")?;
    let cluster = ClusterName::new(&format!("ha-{}", &hex::encode(Secret::<[u8; 32]>::random()?.expose())[..10]))?;
    let clock = std::time::SystemTime::now();
    let authority = CertificateAuthority::create(&cluster, clock)?;
    let seal = SealKey::generate()?;
    let store_config = StoreConfig {
        dir: config.state.clone(),
        id: CoordinatorId::FIRST,
        cluster: cluster.clone(),
        timing: config.timing,
        address: host.to_owned(),
    };
    let store = Store::create(store_config, StateMachine::default(), Arc::new(Alone)).await?;
    let mut leadership = store.leadership();
    leadership.wait_for(|l| l.is_me && l.ready).await.context("wait for the group of one")?;
    let founded = commit(&store, (&authority, &seal, config), host, package).await;
    store.shutdown().await;
    founded
}

async fn commit(
    store: &Store<StateMachine>,
    (authority, seal, config): (&CertificateAuthority, &SealKey, &Config),
    host: &str,
    package: Option<Package>,
) -> anyhow::Result<Founded> {
    let first = CoordinatorId::FIRST;
    let sealed = seal.seal(CA_KEY_CONTEXT, authority.key_pem().expose().as_bytes())?;
    let mesh = Mesh {
        cluster: authority.cluster().clone(),
        lineage: 1,
        ca_pem: authority.ca_pem().to_owned(),
        ca_key_sealed: hex::encode(sealed),
        pin: authority.pin().clone(),
        package,
    };
    let coordinator = CoordinatorAddress { id: first, host: host.to_owned() };
    propose(store, Command::Found { mesh: Box::new(mesh), coordinator }).await?;

    let key = LocalKey::generate()?;
    let identity = Identity { cluster: authority.cluster().clone(), subject: Subject::Coordinator(first) };
    let csr = Csr::from_der(&key.csr_der()?)?;
    let signed = authority.sign(&csr, &identity, lifetime(&identity.subject), std::time::SystemTime::now())?;
    let register =
        Command::RegisterCertificate { fingerprint: signed.fingerprint, identity, not_after: signed.not_after };
    propose(store, register).await?;

    let admin = UserName::new("admin")?;
    propose(store, Command::SetUser { name: admin.clone(), role: Role::Admin }).await?;
    let (join, login) = strings(store, authority, host, admin).await?;

    seal.store(&config.keys.join(SEAL_KEY))?;
    write_private(&host_file(&config.keys), host.as_bytes())?;
    let credentials =
        Credentials { certificate_pem: signed.pem, key_pem: key.pem().clone(), ca_pem: authority.ca_pem().to_owned() };
    // Last: the unit starts when the certificate is there.
    credentials.store(&config.keys, CERTIFICATE)?;
    let recovery = Secret::new(format!("har1.{}", hex::encode(seal.bytes().expose())));
    Ok(Founded { join, login, recovery })
}

async fn strings(
    store: &Store<StateMachine>,
    authority: &CertificateAuthority,
    host: &str,
    admin: UserName,
) -> anyhow::Result<(JoinString, LoginString)> {
    let endpoint = Endpoint::new(&Ports::of(host)?.agents())?;
    let (join_id, join_secret) = fresh_token('j')?;
    let (login_id, login_secret) = fresh_token('l')?;
    let expires = now().plus_ms(DAY_MS);
    let issue = |id, secret: &Secret<[u8; 32]>, purpose, uses| Command::IssueToken {
        id,
        secret: secret.digest(),
        purpose,
        uses,
        expires,
    };
    propose(store, issue(join_id.clone(), &join_secret, TokenPurpose::AnyMachine, 16)).await?;
    propose(store, issue(login_id.clone(), &login_secret, TokenPurpose::Operator { name: admin }, 1)).await?;
    let join = JoinString::new(join_id, join_secret, authority.pin().clone(), vec![endpoint.clone()])?;
    Ok((join, LoginString::new(login_id, login_secret, authority.pin().clone(), vec![endpoint])?))
}

async fn propose(store: &Store<StateMachine>, command: Command) -> anyhow::Result<()> {
    let entry = Entry { at: now(), by: "init".to_owned(), key: None, command };
    let applied = store.propose(serde_json::to_vec(&entry)?).await?;
    let outcome: Outcome = serde_json::from_slice(&applied.reply)?;
    outcome?;
    Ok(())
}
