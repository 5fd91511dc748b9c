//! Certificates that do not count: revoked ones, those of another mesh, and those of another kind.

use std::sync::Arc;

use ha_domain::id::{Identity, MachineId, Subject};
use ha_domain::state::Command;
use ha_proto::v1::control_client::ControlClient;
use ha_proto::v1::{RevokeRequest, VersionRequest, WatchRequest};
use ha_tests::operator::{Operator, key};
use ha_tests::site::Site;
use ha_tests::until::{until, until_so};
use ha_transport::{
    COORDINATOR_DNS_NAME, Cause, ChannelOptions, CredentialStore, Credentials, Endpoint, channel, diagnose,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::other::Other;
use crate::shared;

/// Ports of peers, agents and operators.
const DOORS: [u16; 3] = [7400, 7401, 7402];

fn door(site: &Site, port: u16) -> Endpoint {
    Endpoint::new(&format!("{}:{port}", site.replicas.leader().unwrap().address)).unwrap()
}

/// Why nothing can be said through this door with these credentials; `None` when something can.
async fn turned_away(endpoint: &Endpoint, credentials: &CredentialStore) -> Option<Cause> {
    let channel = channel(endpoint, credentials.clone(), &ChannelOptions::default()).unwrap();
    match ControlClient::new(channel).version(VersionRequest {}).await {
        Ok(_) => None,
        Err(status) => diagnose(&status),
    }
}

fn is_refused(cause: Option<&Cause>) -> bool {
    matches!(cause, Some(Cause::OurCertificateRefused | Cause::OurCertificateRevoked))
}

#[tokio::test]
async fn a_revoked_operator_s_open_streams_are_closed_and_none_is_opened() {
    let (site, _quiet) = shared::site().await;
    let eve = shared::operator(site, "eve", "reader").await;
    assert_eq!(eve.endpoints().len(), 3, "the streams come through the leader and through followers");
    let mut streams = Vec::new();
    for endpoint in eve.endpoints() {
        let mut stream = eve.control(endpoint).unwrap().watch(WatchRequest {}).await.unwrap().into_inner();
        assert!(stream.message().await.unwrap().is_some());
        streams.push(stream);
    }
    let revoke = RevokeRequest { id: "eve".to_owned(), key: key() };
    site.admin.call(async |mut c| c.revoke_user(revoke.clone()).await).await.unwrap();
    for mut stream in streams {
        while let Ok(Some(_)) = stream.message().await {}
    }
    for endpoint in eve.endpoints() {
        let look = async || {
            let cause = turned_away(endpoint, &eve.credentials).await;
            if is_refused(cause.as_ref()) { Ok(()) } else { Err(format!("{cause:?}")) }
        };
        until("eve to be turned away", look).await.unwrap();
    }
}

#[tokio::test]
async fn a_revoked_agent_s_session_ends_and_it_is_not_let_in_again() {
    let (site, _quiet) = shared::site().await;
    let mut stranger = shared::stranger("revoked");
    let id = MachineId::new(&stranger.join(&site.join).await.unwrap()).unwrap();
    stranger.start().unwrap();
    let leader = site.replicas.leader().unwrap();
    let is_here = || leader.look(|m| m.hub.session(&id).is_some()).unwrap();
    until_so("the agent's session", is_here).await.unwrap();

    let mesh = leader.mesh().unwrap();
    let cluster = mesh.peek(|s| s.mesh.as_ref().unwrap().cluster.clone());
    let identity = Identity { cluster, subject: Subject::Agent(id.clone()) };
    mesh.propose("test", Command::RevokeIdentity { identity }).await.unwrap();
    until_so("the end of its session", || !is_here()).await.unwrap();
    let credentials = Credentials::load(&stranger.config().keys, "agent").unwrap();
    let cause = turned_away(&door(site, 7401), &CredentialStore::new(credentials).unwrap()).await;
    assert!(is_refused(cause.as_ref()), "{cause:?}");
    stranger.kill();
}

/// Whether the server speaks after it has seen this certificate. A client of our own would not even show it there.
async fn is_let_in(endpoint: &Endpoint, shown: &Credentials, authority_pem: &str) -> std::io::Result<()> {
    let (shown_pem, key_pem) = (shown.certificate_pem.as_bytes(), shown.key_pem.expose().as_bytes());
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority_pem.as_bytes()).unwrap()).unwrap();
    let chain = CertificateDer::pem_slice_iter(shown_pem).map(Result::unwrap).collect();
    let key = PrivateKeyDer::from_pem_slice(key_pem).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[&rustls::version::TLS13]);
    let config = config.unwrap().with_root_certificates(roots).with_client_auth_cert(chain, key);
    let mut config = config.unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tcp = TcpStream::connect(endpoint.as_str()).await?;
    let name = ServerName::try_from(COORDINATOR_DNS_NAME).unwrap();
    let mut tls = TlsConnector::from(Arc::new(config)).connect(name, tcp).await?;
    tls.read_u8().await.map(|_| ())
}

#[tokio::test]
async fn certificates_of_another_mesh_are_refused_at_every_door() {
    let (site, _quiet) = shared::site().await;
    let other = Other::found("foreign").await;
    let foreigner = shared::stranger("foreigner");
    foreigner.join(&other.join).await.unwrap();
    let neighbour = shared::stranger("neighbour-of-foreigner");
    neighbour.join(&site.join).await.unwrap();
    let operator = Operator::login(&other.login).await.unwrap();
    let pairs = [
        ("coordinator", other.seat.keys(), site.replicas.leader().unwrap().keys(), 7400),
        ("agent", &foreigner.config().keys, &neighbour.config().keys, 7401),
    ];
    for (name, theirs, ours, port) in pairs {
        let (theirs, ours) = (Credentials::load(theirs, name).unwrap(), Credentials::load(ours, name).unwrap());
        is_let_in(&door(site, port), &ours, &ours.ca_pem).await.unwrap();
        let refused = is_let_in(&door(site, port), &theirs, &ours.ca_pem).await.expect_err(name);
        assert!(refused.to_string().contains("alert"), "{name}: {refused}");
    }
    // And a client of theirs does not talk to us: it does not know our authority.
    let cause = turned_away(&door(site, 7402), &operator.credentials).await;
    assert!(matches!(cause, Some(Cause::ServerNotTrusted(_))), "{cause:?}");
    other.seat.stop();
}

#[tokio::test]
async fn every_kind_of_certificate_opens_its_own_door_and_no_other() {
    let (site, _quiet) = shared::site().await;
    let stranger = shared::stranger("doors");
    stranger.join(&site.join).await.unwrap();
    let load = |keys: &std::path::Path, name| CredentialStore::new(Credentials::load(keys, name).unwrap()).unwrap();
    let kinds = [
        (load(site.replicas.leader().unwrap().keys(), "coordinator"), 7400),
        (load(&stranger.config().keys, "agent"), 7401),
        (site.admin.credentials.clone(), 7402),
    ];
    for (credentials, own) in &kinds {
        for port in DOORS {
            let cause = turned_away(&door(site, port), credentials).await;
            assert_eq!(is_refused(cause.as_ref()), port != *own, "{own} at {port}: {cause:?}");
        }
    }
}
