//! A process without descriptors: its listener waits instead of spinning, says so, and recovers. It has a process of its own
//! because the limit it lowers is the process's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on should fail")]

use std::fs::File;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ha_domain::id::{ClusterName, CoordinatorId, Digest, Identity, Subject};
use ha_transport::{CertificateAuthority, CredentialStore, Credentials, Csr, ListenConfig, Listener, LocalKey, Reason};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

fn config() -> ListenConfig {
    let now = SystemTime::now();
    let cluster = ClusterName::new("site").unwrap();
    let ca = CertificateAuthority::create(&cluster, now).unwrap();
    let key = LocalKey::generate().unwrap();
    let csr = Csr::from_der(&key.csr_der().unwrap()).unwrap();
    let identity = Identity { cluster, subject: Subject::Coordinator(CoordinatorId(1)) };
    let signed = ca.sign(&csr, &identity, Duration::from_secs(3600), now).unwrap();
    let credentials =
        Credentials { certificate_pem: signed.pem, key_pem: key.pem().clone(), ca_pem: ca.ca_pem().to_owned() };
    ListenConfig::new(CredentialStore::new(credentials).unwrap(), Arc::new(|_: &Digest, _: &Identity| Ok(())))
}

#[tokio::test]
async fn without_descriptors_the_listener_waits_and_then_goes_on() {
    let config = config();
    let counters = Arc::clone(&config.counters);
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), config).await.unwrap();

    let lowered = Command::new("prlimit").args(["--nofile=64:64", "--pid", &std::process::id().to_string()]).status();
    assert!(lowered.unwrap().success(), "prlimit (util-linux) failed");
    let mut hoard = Vec::new();
    while let Ok(file) = File::open("/dev/null") {
        hoard.push(file);
    }
    drop(hoard.pop()); // One descriptor, for the client's end.
    let mut client = TcpStream::connect(listener.local_addr()).await.unwrap();

    tokio::time::sleep(Duration::from_millis(500)).await;
    let failures = counters.descriptors_exhausted();
    assert!((2..=12).contains(&failures), "{failures} attempts in half a second, 50 ms apart");
    assert_eq!(counters.accepted(), 0);

    drop(hoard);
    client.write_all(b"not TLS at all, so that it is refused at once").await.unwrap();
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        if counters.refused(Reason::Protocol) == 1 {
            return;
        }
    }
    panic!("the waiting connection was never taken: {counters:?}");
}
