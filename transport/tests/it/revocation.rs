//! Revocation takes effect on connections that are open already, and on nobody else's.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ha_transport::{CredentialStore, ListenConfig, ListenLimits, Reason, Refusal};

use crate::echo::{hold, who};
use crate::site::{Answers, Served, Site, agent, until};

#[tokio::test]
async fn a_revoked_certificate_s_open_stream_is_closed_and_no_new_one_opens() {
    let site = Site::new("site");
    let answers = Answers::default();
    let served = Served::by(ListenConfig { admission: Arc::new(answers.clone()), ..site.config() }).await;
    let (bad, good) = (site.store(agent("n1")), site.store(agent("n2")));
    let (bad_channel, good_channel) = (served.channel(&bad), served.channel(&good));
    let (mut bad_stream, mut good_stream) = (hold(&bad_channel).await, hold(&good_channel).await);
    assert_eq!(served.connections.count(), 2);

    let revoked = bad.current().fingerprint.clone();
    answers.refuse(&revoked, Refusal::Revoked);
    assert_eq!(served.connections.close(&revoked), 1);

    let ended = tokio::time::timeout(Duration::from_secs(2), bad_stream.message()).await.expect("still open");
    assert!(!matches!(ended, Ok(Some(_))), "{ended:?}");
    assert!(who(&bad_channel).await.is_err());
    served.refused(Reason::Revoked, 1).await;
    assert!(tokio::time::timeout(Duration::from_millis(50), good_stream.message()).await.is_err(), "the other's too");
    assert!(who(&good_channel).await.is_ok());
}

#[tokio::test]
async fn a_revocation_during_the_handshake_does_not_slip_through() {
    // Admitted when the certificate is checked, revoked before the connection is in the register: the second question.
    let site = Site::new("site");
    let asked = std::sync::atomic::AtomicUsize::new(0);
    let admission = move |_: &_, _: &_| match asked.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
        0 => Ok(()),
        _ => Err(Refusal::Revoked),
    };
    let served = Served::by(ListenConfig { admission: Arc::new(admission), ..site.config() }).await;
    assert!(who(&served.channel(&site.store(agent("n1")))).await.is_err());
    served.refused(Reason::Revoked, 1).await;
    assert_eq!((served.echo.entered(), served.connections.count()), (0, 0));
}

#[tokio::test]
async fn a_connection_ends_with_its_certificate() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let short = site.credentials_at(agent("n1"), Duration::from_millis(2500), SystemTime::now());
    let channel = served.channel(&CredentialStore::new(short).unwrap());
    let mut stream = hold(&channel).await;
    let ended = tokio::time::timeout(Duration::from_secs(5), stream.message()).await.expect("outlived its certificate");
    assert!(!matches!(ended, Ok(Some(_))), "{ended:?}");
}

#[tokio::test]
async fn a_connection_ends_at_its_age() {
    let site = Site::new("site");
    let limits = ListenLimits { connection_age: Duration::from_millis(200), ..ListenLimits::default() };
    let served = Served::by(ListenConfig { limits, ..site.config() }).await;
    let channel = served.channel(&site.store(agent("n1")));
    let mut stream = hold(&channel).await;
    assert!(tokio::time::timeout(Duration::from_secs(5), stream.message()).await.is_ok(), "outlived its age");
    until("it left the register", || served.connections.count() == 0).await;
}

#[tokio::test]
async fn connections_leave_the_register_when_they_end() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let channel = served.channel(&site.store(agent("n1")));
    who(&channel).await.unwrap();
    assert_eq!(served.connections.count(), 1);
    drop(channel);
    until("it left the register", || served.connections.count() == 0).await;
    assert_eq!(served.connections.close_where(|_| true), 0);
}
