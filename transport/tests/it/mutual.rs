//! Who gets through a listener that requires a certificate, and whom a channel talks to.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ha_domain::id::CoordinatorId;
use ha_transport::{
    Cause, ChannelOptions, CredentialStore, Credentials, Error, ListenConfig, Reason, Refusal, channel, diagnose,
    pinned_channel,
};
use tonic::transport::Channel;

use crate::echo::{hold, who};
use crate::site::{DAY, Served, Site, admit_all, agent, coordinator, operator};

/// The call must fail; the cause, as a client would see it.
async fn cause_of(channel: &Channel) -> Cause {
    let status = who(channel).await.expect_err("the call went through");
    diagnose(&status).unwrap_or_else(|| panic!("no cause in {status:?}"))
}

#[tokio::test]
async fn a_handler_sees_who_calls() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    for subject in [agent("n7"), operator("mia"), coordinator(2)] {
        let channel = served.channel(&site.store(subject.clone()));
        assert_eq!(who(&channel).await.unwrap(), format!("{} Valid", site.identity(subject)));
    }
    assert_eq!((served.counters.accepted(), served.counters.admitted()), (3, 3));
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_though_it_bears_our_name() {
    let (site, forger) = (Site::new("site"), Site::new("site"));
    let served = Served::by(site.config()).await;
    let forged = Credentials { ca_pem: site.ca.ca_pem().to_owned(), ..forger.credentials(agent("n1")) };
    let channel = served.channel(&CredentialStore::new(forged).unwrap());
    assert_eq!(cause_of(&channel).await, Cause::OurCertificateRefused);
    served.refused(Reason::Untrusted, 1).await;
    assert_eq!(served.echo.entered(), 0);
}

#[tokio::test]
async fn a_certificate_of_another_cluster_is_refused_even_when_its_authority_is_trusted() {
    let (site, other) = (Site::new("site"), Site::new("elsewhere"));
    let ours = site.credentials(coordinator(1));
    let both = Credentials { ca_pem: format!("{}{}", site.ca.ca_pem(), other.ca.ca_pem()), ..ours };
    let store = CredentialStore::new(both).unwrap();
    let served = Served::by(ListenConfig::new(store, Arc::new(admit_all))).await;
    let theirs = Credentials { ca_pem: site.ca.ca_pem().to_owned(), ..other.credentials(agent("n1")) };
    // The client insists on its own cluster, so it is given a plain TLS stack.
    let refused = crate::limits::raw_call(&served, &theirs).await;
    assert!(refused.is_err(), "{refused:?}");
    served.refused(Reason::OtherCluster, 1).await;
    assert_eq!(served.echo.entered(), 0);
}

#[tokio::test]
async fn without_a_certificate_nobody_gets_through() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let refused = pinned_channel(&served.endpoint, site.ca.pin(), &ChannelOptions::default()).await.unwrap_err();
    assert!(matches!(&refused, Error::Connect(f) if f.cause == Cause::CertificateRequired), "{refused}");
    served.refused(Reason::NoCertificate, 1).await;
    assert_eq!(served.echo.entered(), 0);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_without_grace_and_marked_within_it() {
    let site = Site::new("site");
    let month_ago = SystemTime::now() - DAY * 30;
    let old = site.credentials_at(agent("n1"), DAY, month_ago);
    let old = CredentialStore::new(old).unwrap();

    let strict = Served::by(site.config()).await;
    assert_eq!(cause_of(&strict.channel(&old)).await, Cause::OurCertificateRefused);
    strict.refused(Reason::OutOfTime, 1).await;

    let lenient = Served::by(ListenConfig { expired_grace: DAY * 90, ..site.config() }).await;
    assert_eq!(who(&lenient.channel(&old)).await.unwrap(), "spiffe://site/agent/n1 Expired");

    let short = Served::by(ListenConfig { expired_grace: DAY * 28, ..site.config() }).await;
    assert_eq!(cause_of(&short.channel(&old)).await, Cause::OurCertificateRefused);
    short.refused(Reason::OutOfTime, 1).await;
}

#[tokio::test]
async fn a_server_of_another_authority_is_not_talked_to() {
    let (site, impostor) = (Site::new("site"), Site::new("site"));
    let served = Served::by(impostor.config()).await;
    let cause = cause_of(&served.channel(&site.store(agent("n1")))).await;
    assert!(matches!(cause, Cause::ServerNotTrusted(_)), "{cause}");
    assert_eq!(served.echo.entered(), 0);
}

#[tokio::test]
async fn an_agent_cannot_pass_for_a_coordinator() {
    let site = Site::new("site");
    let config = ListenConfig::new(site.store(agent("n9")), Arc::new(admit_all));
    let served = Served::by(config).await;
    let cause = cause_of(&served.channel(&site.store(agent("n1")))).await;
    assert!(matches!(cause, Cause::ServerNotTrusted(_)), "{cause}");
}

#[tokio::test]
async fn a_replica_that_is_not_the_expected_one_is_not_talked_to() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let to = |id| {
        let options = ChannelOptions { expect: Some(CoordinatorId(id)), ..ChannelOptions::default() };
        channel(&served.endpoint, site.store(coordinator(2)), &options).unwrap()
    };
    assert!(who(&to(1)).await.is_ok());
    assert_eq!(cause_of(&to(3)).await, Cause::OtherReplica);
    assert_eq!(served.echo.entered(), 1);
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_said_to_be_unreachable() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let channel = served.channel(&site.store(agent("n1")));
    drop(served);
    tokio::time::sleep(Duration::from_millis(50)).await;
    let cause = cause_of(&channel).await;
    assert!(matches!(cause, Cause::Unreachable(_)), "{cause}");
}

#[tokio::test]
async fn a_registered_refusal_has_its_reason() {
    let site = Site::new("site");
    let cases = [
        (Refusal::Unregistered, Reason::Unregistered, Cause::OurCertificateRefused),
        (Refusal::Revoked, Reason::Revoked, Cause::OurCertificateRevoked),
        (Refusal::OtherKind, Reason::OtherKind, Cause::OurCertificateRefused),
    ];
    for (refusal, reason, cause) in cases {
        let admission = move |_: &_, _: &_| Err(refusal);
        let served = Served::by(ListenConfig { admission: Arc::new(admission), ..site.config() }).await;
        assert_eq!(cause_of(&served.channel(&site.store(agent("n1")))).await, cause);
        served.refused(reason, 1).await;
        assert_eq!(served.echo.entered(), 0);
    }
}

#[tokio::test]
async fn a_new_certificate_serves_new_connections_while_old_ones_go_on() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let client = site.store(agent("n1"));
    let before = crate::limits::served_fingerprint(&served, &site).await;
    let first = served.channel(&client);
    let mut held = hold(&first).await;

    served.credentials.replace(site.credentials(coordinator(1))).unwrap();
    let after = crate::limits::served_fingerprint(&served, &site).await;
    assert_ne!(before, after);
    assert_eq!(after, served.credentials.current().fingerprint);
    assert!(who(&first).await.is_ok(), "the old connection went on");
    assert!(tokio::time::timeout(Duration::from_millis(50), held.message()).await.is_err(), "the stream is still open");
}

#[tokio::test]
async fn a_channel_shows_its_new_certificate_after_a_reconnect() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let client = site.store(agent("n1"));
    let channel = served.channel(&client);
    who(&channel).await.unwrap();
    let old = client.current().fingerprint.clone();
    client.replace(site.credentials(agent("n1"))).unwrap();
    assert_eq!(served.connections.close(&old), 1);
    crate::site::until("the loss is noticed", || served.connections.count() == 0).await;
    let mut answer = who(&channel).await;
    if answer.is_err() {
        answer = who(&channel).await; // The first call may still meet the dying connection.
    }
    answer.unwrap();
    let peers = served.connections.peers();
    assert_eq!(peers[0].fingerprint.as_ref(), Some(&client.current().fingerprint));
}
