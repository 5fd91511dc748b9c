//! Certificates that our own authority's key signed but our code never would: a leaked key, an older version, a mistake.
//! The chain holds, so only the checks of the identity stand.

use std::sync::Arc;

use ha_transport::{Cause, CredentialStore, Credentials, ListenConfig, Reason, diagnose};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, Issuer, KeyPair, SanType};

use crate::echo::who;
use crate::limits::raw_call;
use crate::site::{Served, Site, admit_all, agent};

/// A certificate for both purposes with the coordinators' DNS name and these URIs.
fn forge(site: &Site, uris: &[&str]) -> Credentials {
    let mut params = CertificateParams::new(vec!["coordinator.ha.internal".to_owned()]).unwrap();
    params.subject_alt_names.extend(uris.iter().map(|uri| SanType::URI((*uri).try_into().unwrap())));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth];
    let ca_key = KeyPair::from_pem(site.ca.key_pem().expose()).unwrap();
    let issuer = Issuer::from_ca_cert_pem(site.ca.ca_pem(), ca_key).unwrap();
    let key = KeyPair::generate().unwrap();
    let certificate_pem = params.signed_by(&key, &issuer).unwrap().pem();
    let key_pem = ha_transport::Secret::new(key.serialize_pem());
    Credentials { certificate_pem, key_pem, ca_pem: site.ca.ca_pem().to_owned() }
}

#[tokio::test]
async fn exactly_one_canonical_identity_is_let_in() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    assert!(raw_call(&served, &forge(&site, &["spiffe://site/agent/n1"])).await.is_ok(), "the forgery itself works");
    let refused: [&[&str]; 7] = [
        &[],
        &["spiffe://site/agent/n1", "spiffe://site/agent/n1"],
        &["spiffe://site/agent/n1", "https://site/"],
        &["https://site/agent/n1"],
        &["spiffe://site/coordinator/+7"],
        &["spiffe://site/coordinator/07"],
        &["spiffe://site/agent/n1/n2"],
    ];
    for (before, uris) in refused.iter().enumerate() {
        assert!(raw_call(&served, &forge(&site, uris)).await.is_err(), "{uris:?}");
        served.refused(Reason::NoIdentity, before as u64 + 1).await;
    }
    assert_eq!(served.counters.admitted(), 1);
}

/// What a client of `site` says to a server with these URIs.
async fn cause_at(site: &Site, uri: &str) -> Option<Cause> {
    let store = CredentialStore::new(forge(site, &[uri])).unwrap();
    let served = Served::by(ListenConfig::new(store, Arc::new(admit_all))).await;
    let client = CredentialStore::new(forge(site, &["spiffe://site/agent/n1"])).unwrap();
    let status = who(&served.channel(&client)).await.err()?;
    diagnose(&status)
}

#[tokio::test]
async fn only_a_coordinator_of_our_cluster_is_talked_to() {
    let site = Site::new("site");
    assert_eq!(cause_at(&site, "spiffe://site/coordinator/1").await, None, "the forgery itself works");
    for uri in ["spiffe://site/agent/n1", "spiffe://site/operator/mia", "spiffe://elsewhere/coordinator/1"] {
        let cause = cause_at(&site, uri).await;
        assert!(matches!(cause, Some(Cause::ServerNotTrusted(_))), "{uri}: {cause:?}");
    }
}

#[tokio::test]
async fn a_leaf_cannot_sign() {
    // An agent's certificate as the authority of another: the chain ends at our root, but through no authority.
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let middle = site.credentials(agent("n1"));
    let middle_key = KeyPair::from_pem(middle.key_pem.expose()).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&middle.certificate_pem, middle_key).unwrap();
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.subject_alt_names = vec![SanType::URI("spiffe://site/agent/n2".try_into().unwrap())];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let leaf = params.signed_by(&key, &issuer).unwrap().pem();
    let forged = Credentials {
        certificate_pem: format!("{leaf}{}", middle.certificate_pem),
        key_pem: ha_transport::Secret::new(key.serialize_pem()),
        ca_pem: middle.ca_pem,
    };
    assert!(raw_call(&served, &forged).await.is_err());
    served.refused(Reason::Untrusted, 1).await;
}

#[tokio::test]
async fn a_pinned_server_must_be_a_coordinator_of_its_authority_s_cluster() {
    let site = Site::new("site");
    for (uri, good) in [
        ("spiffe://site/coordinator/1", true),
        ("spiffe://elsewhere/coordinator/1", false),
        ("spiffe://site/agent/n1", false),
    ] {
        let store = CredentialStore::new(forge(&site, &[uri])).unwrap();
        let config = ListenConfig {
            client_auth: ha_transport::ClientAuth::Optional,
            ..ListenConfig::new(store, Arc::new(admit_all))
        };
        let served = Served::by(config).await;
        let options = ha_transport::ChannelOptions::default();
        let pinned = ha_transport::pinned_channel(&served.endpoint, site.ca.pin(), &options).await;
        assert_eq!(pinned.is_ok(), good, "{uri}");
    }
}
