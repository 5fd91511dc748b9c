//! What a session takes from a coordinator: its clock; and secrets, of which nothing is ever written down.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use async_trait::async_trait;
use ha_domain::id::{ClusterName, Digest, Identity, MachineId, MachineName, Subject};
use ha_domain::step::{Action, Component, JoinCredentials, Reset, Step, StepId};
use ha_proto::v1::{Offer, StartReply, Welcome};
use ha_transport::{CertificateAuthority, Credentials, Csr, LocalKey};
use tracing_subscriber::fmt::MakeWriter;

use super::*;
use crate::config::Config;
use crate::execute::{ActError, mesh::Mesh};
use crate::host::fake::{SimulatedMachine, World};

struct Nobody;

#[async_trait]
impl Mesh for Nobody {
    async fn package(&self, _: &Digest, _: &Path) -> Result<(), ActError> {
        Err(ActError::Refused("no coordinator can be reached".to_owned()))
    }
    fn clock_ahead_ms(&self) -> Option<i64> {
        None
    }
}

fn credentials() -> CredentialStore {
    let cluster = ClusterName::new("acme").unwrap();
    let authority = CertificateAuthority::create(&cluster, SystemTime::now()).unwrap();
    let key = LocalKey::generate().unwrap();
    let csr = Csr::from_der(&key.csr_der().unwrap()).unwrap();
    let identity = Identity { cluster, subject: Subject::Agent(MachineId::new("n1").unwrap()) };
    let signed = authority.sign(&csr, &identity, Duration::from_secs(3600), SystemTime::now()).unwrap();
    let ca_pem = authority.ca_pem().to_owned();
    CredentialStore::new(Credentials { certificate_pem: signed.pem, key_pem: key.pem().clone(), ca_pem }).unwrap()
}

async fn link() -> (SimulatedMachine, Link) {
    let simulated = World::new().machine("m1", IpAddr::from([10, 0, 0, 21]));
    let machine = Arc::new(Machine::open(&Config::default(), Arc::new(simulated.clone())).await.unwrap());
    let (send, outbox) = mpsc::channel(64);
    let steps = Steps::new(Arc::clone(&machine), Arc::new(Nobody), send);
    (simulated, Link { machine, steps, credentials: credentials(), keys: "/etc/ha-mesh".into(), outbox })
}

#[tokio::test]
async fn a_welcome_tells_how_far_the_clock_is_off() {
    let (simulated, link) = link().await;
    assert_eq!(link.machine.clock_ahead_ms(), None);
    let leader = simulated.world().now();
    simulated.set_clock_ahead(-3_600_000);
    let (to, _from) = mpsc::channel(8);
    let welcome = Welcome { now_ms: leader.0, ..Welcome::default() };
    link.take(Some(FromCoordinator::Welcome(welcome)), &to, &mut None).await.unwrap();
    let ahead = link.machine.clock_ahead_ms().unwrap();
    assert!((ahead + 3_600_000).abs() < 60_000, "{ahead}");
}

/// What is logged, in memory.
#[derive(Clone, Default)]
struct Logged(Arc<Mutex<Vec<u8>>>);

impl io::Write for Logged {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Logged {
    type Writer = Self;
    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

fn step(action: Action) -> Step {
    let name = MachineName::new("m1").unwrap();
    let id = StepId::derive(&name, action.component(), &action.digest(), 1);
    let machine = MachineId::new("n1").unwrap();
    Step { id, machine, name, action, attempt: 1, deadline_ms: 60_000, why: String::new() }
}

/// Offers a step, grants it, and waits for its end. Gives back all that was told meanwhile.
async fn carried_out(link: &mut Link, step: &Step, credentials: HashMap<String, String>) -> String {
    let (to, _from) = mpsc::channel(8);
    let offer = Offer { step: serde_json::to_vec(step).unwrap(), ..Offer::default() };
    link.take(Some(FromCoordinator::Offer(offer)), &to, &mut None).await.unwrap();
    let reply = StartReply { step_id: step.id.to_string(), granted: true, credentials, ..StartReply::default() };
    link.take(Some(FromCoordinator::Start(reply)), &to, &mut None).await.unwrap();
    let mut told = String::new();
    while let Some(message) = link.outbox.recv().await {
        told += &format!("{message:?}");
        if matches!(message, Message::Finished(_)) {
            break;
        }
    }
    told
}

#[tokio::test]
async fn of_a_machine_that_is_being_cleaned_nothing_is_wanted_any_more() {
    let (_simulated, mut link) = link().await;
    let machine = Arc::clone(&link.machine);
    machine.wanted.set(&*machine.host, &Action::JoinCredentials(JoinCredentials { generation: 1 })).await.unwrap();
    carried_out(&mut link, &step(Action::Reset(Reset { leave: true })), HashMap::new()).await;
    assert_eq!(machine.wanted.all().into_keys().collect::<Vec<_>>(), [Component::Reset]);
}

#[tokio::test]
async fn the_secrets_of_a_grant_are_not_logged_nor_told_back() {
    let logged = Logged::default();
    let everything = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(logged.clone());
    let _guard = tracing::subscriber::set_default(everything.finish());
    let (simulated, mut link) = link().await;
    let step = step(Action::JoinCredentials(JoinCredentials { generation: 1 }));
    let canaries = ["bootstrap-token", "certificate-key"];
    let credentials = canaries.map(|kind| (kind.to_owned(), format!("canary-{kind}"))).into_iter().collect();
    let told = carried_out(&mut link, &step, credentials).await;
    let logged = String::from_utf8(logged.0.lock().unwrap().clone()).unwrap();
    assert!(logged.contains(step.id.as_str()), "the step is logged: {logged}");
    let journal = simulated.text("/var/lib/ha-mesh/journal").unwrap();
    for text in [logged, told, journal] {
        assert!(!text.contains("canary"), "{text}");
    }
}
