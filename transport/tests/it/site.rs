//! A cluster in miniature: an authority, certificates on demand, and a listener that says who called.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use ha_domain::id::{ClusterName, CoordinatorId, Digest, Identity, MachineId, Subject, UserName};
use ha_transport::{
    Admission, CertificateAuthority, ChannelOptions, Connections, Counters, CredentialStore, Credentials, Csr,
    Endpoint, ListenConfig, Listener, LocalKey, Reason, Refusal, ServerLimits, channel, server,
};
use tonic::transport::Channel;

use crate::echo::Echo;

pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

pub(crate) struct Site {
    pub(crate) ca: CertificateAuthority,
}

impl Site {
    pub(crate) fn new(cluster: &str) -> Self {
        Self { ca: CertificateAuthority::create(&ClusterName::new(cluster).unwrap(), SystemTime::now()).unwrap() }
    }

    pub(crate) fn identity(&self, subject: Subject) -> Identity {
        Identity { cluster: self.ca.cluster().clone(), subject }
    }

    /// Credentials made at `now` for `lifetime`.
    pub(crate) fn credentials_at(&self, subject: Subject, lifetime: Duration, now: SystemTime) -> Credentials {
        let key = LocalKey::generate().unwrap();
        let csr = Csr::from_der(&key.csr_der().unwrap()).unwrap();
        let signed = self.ca.sign(&csr, &self.identity(subject), lifetime, now).unwrap();
        Credentials { certificate_pem: signed.pem, key_pem: key.pem().clone(), ca_pem: self.ca.ca_pem().to_owned() }
    }

    pub(crate) fn credentials(&self, subject: Subject) -> Credentials {
        self.credentials_at(subject, DAY, SystemTime::now())
    }

    pub(crate) fn store(&self, subject: Subject) -> CredentialStore {
        CredentialStore::new(self.credentials(subject)).unwrap()
    }

    /// A listener's configuration that admits whatever the authority signed.
    pub(crate) fn config(&self) -> ListenConfig {
        ListenConfig::new(self.store(coordinator(1)), Arc::new(admit_all))
    }
}

pub(crate) fn admit_all(_: &Digest, _: &Identity) -> Result<(), Refusal> {
    Ok(())
}

pub(crate) fn agent(name: &str) -> Subject {
    Subject::Agent(MachineId::new(name).unwrap())
}
pub(crate) fn coordinator(id: u64) -> Subject {
    Subject::Coordinator(CoordinatorId(id))
}
pub(crate) fn operator(name: &str) -> Subject {
    Subject::Operator(UserName::new(name).unwrap())
}

/// An echo server behind a listener.
pub(crate) struct Served {
    pub(crate) endpoint: Endpoint,
    pub(crate) address: SocketAddr,
    pub(crate) echo: Echo,
    pub(crate) counters: Arc<Counters>,
    pub(crate) connections: Connections,
    pub(crate) credentials: CredentialStore,
    task: tokio::task::JoinHandle<()>,
}

impl Served {
    pub(crate) async fn by(config: ListenConfig) -> Self {
        let (counters, connections) = (Arc::clone(&config.counters), config.connections.clone());
        let credentials = config.credentials.clone();
        let listener = Listener::bind(([127, 0, 0, 1], 0).into(), config).await.unwrap();
        let address = listener.local_addr();
        let echo = Echo::default();
        let router = server(&ServerLimits::agents()).add_service(echo.clone());
        let task = tokio::spawn(async move { router.serve_with_incoming(listener).await.unwrap() });
        Self { endpoint: address.into(), address, echo, counters, connections, credentials, task }
    }

    pub(crate) fn channel(&self, credentials: &CredentialStore) -> Channel {
        channel(&self.endpoint, credentials.clone(), &ChannelOptions::default()).unwrap()
    }

    /// Waits until so many were refused for `reason`: the client can notice before the server has counted.
    pub(crate) async fn refused(&self, reason: Reason, count: u64) {
        let what = format!("{count} refused for {reason:?}; counted: {:?}", self.counters);
        until(&what, || self.counters.refused(reason) == count).await;
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Polls a condition for up to five seconds.
pub(crate) async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    for _ in 0..500 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("not within 5 s: {what}");
}

/// An admission whose answer a test can change.
#[derive(Clone, Default)]
pub(crate) struct Answers(Arc<Mutex<Vec<(Digest, Refusal)>>>);

impl Answers {
    pub(crate) fn refuse(&self, fingerprint: &Digest, refusal: Refusal) {
        self.0.lock().unwrap().push((fingerprint.clone(), refusal));
    }
}

impl Admission for Answers {
    fn admits(&self, fingerprint: &Digest, _: &Identity) -> Result<(), Refusal> {
        let answers = self.0.lock().unwrap();
        answers.iter().find(|(f, _)| f == fingerprint).map_or(Ok(()), |(_, refusal)| Err(*refusal))
    }
}
