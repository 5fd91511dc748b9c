//! This machine as a node, by kubeadm: how far that came, whether it is well, and what the three ways in have in common.
//!
//! **After a crash.** A marker is written before kubeadm starts (`begun`) and another after it ended well (`done`). Only a
//! machine that is `done` ever looks converged; the others join only after they have heard of the CA from such a look.
//! So while the marker says `begun`, nobody depends on what is here, and it may be taken apart with `kubeadm reset`. Once
//! it says `done` it never is: the kubelet is started and waited for, and what stays broken is for the plan or a person.
//! kubeadm itself outlives a crash of the agent: one that still runs is waited for before anything is concluded.

mod config;
pub(super) mod init;
pub(super) mod join;
pub(super) mod kubeadm;
pub(super) mod progress;
mod wake;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::step::NodeIdentity;
use x509_parser::pem::parse_x509_pem;

use super::kube_api::KubeApi;
use super::service::{self, Wait};
use super::{ActError, Context, Probe, kubernetes};
use crate::host::{HttpRequest, Tls, UnitVerb};
use crate::ledger::Owned;
pub(super) use config::{JoinSecrets, TOKEN_GROUP, upload_certs};
use progress::Phase;

const KUBELET: &str = "kubelet.service";
const CA: &str = "/etc/kubernetes/pki/ca.crt";
const KUBELET_HEALTH: &str = "http://127.0.0.1:10248/healthz";
const ETCD_HEALTH: &str = "http://127.0.0.1:2381/health";

/// What was found of a node.
async fn probe(node: &NodeIdentity, cx: &Context<'_>) -> Result<Probe, ActError> {
    Ok(match progress::read(cx).await? {
        None => Probe::Differs("it is no node yet".to_owned()),
        Some(p) if p.phase == Phase::Begun => Probe::Differs("kubeadm began, its end was not seen".to_owned()),
        Some(p) if p.node != node.name => Probe::Differs(format!("it is the node {}", p.node)),
        Some(_) => match trouble(node, cx).await? {
            Some(what) => Probe::Differs(what),
            None => Probe::Converged(facts(node, cx).await?),
        },
    })
}

/// What is wrong with a node that was made; `None` when nothing is.
async fn trouble(node: &NodeIdentity, cx: &Context<'_>) -> Result<Option<String>, ActError> {
    if let Some(what) = service::trouble(cx, KUBELET).await? {
        return Ok(Some(what));
    }
    if !node.control_plane {
        return Ok(answers(cx, "the kubelet", KUBELET_HEALTH).await.err());
    }
    let (kubelet, etcd, api) = tokio::join!(
        answers(cx, "the kubelet", KUBELET_HEALTH),
        answers(cx, "etcd", ETCD_HEALTH),
        api_trouble(node, cx)
    );
    Ok(match kubelet.and(etcd) {
        Err(what) => Some(what),
        Ok(()) => api?,
    })
}

async fn api_trouble(node: &NodeIdentity, cx: &Context<'_>) -> Result<Option<String>, ActError> {
    let Some(api) = KubeApi::of(cx).await? else { return Ok(Some("it has no administrator's kubeconfig".to_owned())) };
    if let Err(what) = api.is_ready().await? {
        return Ok(Some(what));
    }
    match api.get(&object(&node.name)).await {
        Ok(Some(_)) => Ok(None),
        Ok(None) => Ok(Some("its Node object is missing".to_owned())),
        Err(error) => Ok(Some(error.to_string())),
    }
}

/// API path of a Node.
fn object(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

async fn answers(cx: &Context<'_>, who: &str, url: &str) -> Result<(), String> {
    let request = HttpRequest {
        method: "GET",
        url,
        connect: None,
        headers: Vec::new(),
        body: Vec::new(),
        tls: Tls::default(),
        timeout: Duration::from_secs(3),
    };
    match cx.host.http(request).await {
        Ok(answer) if answer.status == 200 => Ok(()),
        Ok(answer) => Err(format!("{who} is not healthy: it answers {}", answer.status)),
        Err(error) => Err(format!("{who} does not answer: {error}")),
    }
}

async fn facts(node: &NodeIdentity, cx: &Context<'_>) -> Result<BTreeMap<String, String>, ActError> {
    let mut facts = BTreeMap::from([("version".to_owned(), kubernetes::installed_version(cx).await?)]);
    if node.control_plane {
        facts.insert("ca-pin".to_owned(), ca_pin(cx).await?.as_str().to_owned());
    }
    Ok(facts)
}

/// sha256 of the SubjectPublicKeyInfo of the cluster's CA: what joining machines know it by.
async fn ca_pin(cx: &Context<'_>) -> Result<Digest, ActError> {
    let pem = cx.host.read(Path::new(CA)).await?.unwrap_or_default();
    pin_of(&pem)
        .ok_or_else(|| ActError::Refused(format!("{CA} is no certificate; restore it from another control plane")))
}

fn pin_of(pem: &[u8]) -> Option<Digest> {
    let (_, pem) = parse_x509_pem(pem).ok()?;
    let certificate = pem.parse_x509().ok()?;
    Some(Digest::of(certificate.tbs_certificate.subject_pki.raw))
}

/// A node that was made and is not well: its kubelet starts whatever else belongs to it.
async fn revive(node: &NodeIdentity, cx: &Context<'_>) -> Result<(), ActError> {
    let verb = match trouble(node, cx).await? {
        // Only a starting kubelet registers its node.
        Some(what) if what.contains("Node object") => UnitVerb::Restart,
        _ => UnitVerb::Start,
    };
    service::bring(cx, KUBELET, verb).await?;
    settle(node, cx, Wait::new(240, Duration::from_secs(1), "the node to be well again")).await
}

/// kubeadm restarts the kubelet last, so that it takes up its own certificate: what it does is over when that is up.
async fn end(node: &NodeIdentity, cx: &Context<'_>) -> Result<(), ActError> {
    kubeadm::forget_secrets(cx).await?;
    progress::write(cx, Phase::Done, &node.name).await?;
    settle(node, cx, Wait::new(120, Duration::from_millis(200), "the new node to be well")).await
}

async fn settle(node: &NodeIdentity, cx: &Context<'_>, wait: Wait) -> Result<(), ActError> {
    while let Some(last) = trouble(node, cx).await? {
        wait.again(last).await?;
    }
    Ok(())
}

/// Notes what kubeadm, the kubelet and etcd make.
async fn own(cx: &Context<'_>) -> Result<(), ActError> {
    for dir in ["/etc/kubernetes", "/var/lib/kubelet", "/var/lib/etcd"] {
        cx.ledger.own_file(cx.host, Path::new(dir), Owned::Dir).await?;
    }
    Ok(())
}

/// Refuses to touch a node that somebody else made.
async fn refuse_foreign(cx: &Context<'_>) -> Result<(), ActError> {
    for path in ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/admin.conf", "/var/lib/etcd/member"] {
        if cx.host.stat(Path::new(path)).await?.is_some() {
            let what = format!("{path} is there, but not of our making: this machine belonged to another cluster");
            return Err(ActError::Refused(format!(
                "{what}. If nothing on it is needed: `kubeadm reset`, then try again"
            )));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made with openssl; so was the pin: `openssl x509 -pubkey | openssl pkey -pubin -outform der | sha256sum`.
    const CA_PEM: &str = include_str!("../golden/cluster-ca.crt");
    const PIN: &str = include_str!("../golden/cluster-ca.pin");

    #[test]
    fn the_pin_of_a_ca_is_what_openssl_says() {
        assert_eq!(pin_of(CA_PEM.as_bytes()).unwrap().as_str(), PIN.trim());
    }

    #[test]
    fn what_is_no_certificate_has_no_pin() {
        assert_eq!(pin_of(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"), None);
    }
}
