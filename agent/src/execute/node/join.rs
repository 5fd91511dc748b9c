//! Further nodes: `kubeadm join` of a control plane or of a worker.

use std::path::Path;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::step::{ControlPlaneJoin, CredentialKind, NodeIdentity, WorkerJoin};

use super::super::kube_api::KubeApi;
use super::super::service::{self, Wait};
use super::super::{ActError, Context, Probe};
use super::config::{self, JoinSecrets};
use super::progress::{self, Phase};
use super::{KUBELET, KUBELET_HEALTH, answers, end, kubeadm, object, own, refuse_foreign, revive, wake};

/// What both kinds of join have.
struct Join<'a> {
    node: &'a NodeIdentity,
    ca_pin: &'a Digest,
    ignore: &'a [String],
}

pub(in super::super) async fn probe_control_plane(
    action: &ControlPlaneJoin,
    cx: &Context<'_>,
) -> Result<Probe, ActError> {
    super::probe(&action.node, cx).await
}

pub(in super::super) async fn act_control_plane(action: &ControlPlaneJoin, cx: &Context<'_>) -> Result<(), ActError> {
    join(&Join { node: &action.node, ca_pin: &action.ca_pin, ignore: &action.ignore_preflight }, cx).await
}

pub(in super::super) async fn probe_worker(action: &WorkerJoin, cx: &Context<'_>) -> Result<Probe, ActError> {
    super::probe(&action.node, cx).await
}

pub(in super::super) async fn act_worker(action: &WorkerJoin, cx: &Context<'_>) -> Result<(), ActError> {
    join(&Join { node: &action.node, ca_pin: &action.ca_pin, ignore: &action.ignore_preflight }, cx).await
}

async fn join(join: &Join<'_>, cx: &Context<'_>) -> Result<(), ActError> {
    match progress::read(cx).await? {
        Some(p) if p.phase == Phase::Done => return revive(join.node, cx).await,
        Some(_) => {
            kubeadm::wait_for_running(cx).await?;
            if !has_joined(join.node, cx).await? {
                clean(join.node, cx).await?;
                begin(join, cx).await?;
            }
        }
        None => {
            refuse_foreign(cx).await?;
            begin(join, cx).await?;
        }
    }
    end(join.node, cx).await
}

async fn begin(join: &Join<'_>, cx: &Context<'_>) -> Result<(), ActError> {
    let certificate_key = match join.node.control_plane {
        true => cx.credential(CredentialKind::CertificateKey)?,
        false => "",
    };
    let secrets = JoinSecrets { token: cx.credential(CredentialKind::BootstrapToken)?, certificate_key };
    let config = config::join(join.node, join.ca_pin, &secrets, join.ignore);
    own(cx).await?;
    progress::write(cx, Phase::Begun, &join.node.name).await?;
    (cx.progress)(format!("kubeadm join through {}", join.node.endpoint));
    wake::during(cx, join.node, kubeadm::run(cx, &["join"], &config, &secrets)).await.map(drop)
}

/// After a crash: whether the join had in fact come to its end. A kubelet with its own certificate is a worker's whole
/// join; a control plane has joined when its own API serves and its Node says that it is one, which kubeadm writes last.
async fn has_joined(node: &NodeIdentity, cx: &Context<'_>) -> Result<bool, ActError> {
    // What kubeadm writes on the way; a control plane's API server comes last.
    let api_server = node.control_plane.then_some("/etc/kubernetes/manifests/kube-apiserver.yaml");
    for path in ["/etc/kubernetes/kubelet.conf"].into_iter().chain(api_server) {
        if cx.host.stat(Path::new(path)).await?.is_none() {
            return Ok(false);
        }
    }
    service::start(cx, KUBELET).await?;
    let wait = Wait::new(60, Duration::from_millis(500), "the kubelet after a crash");
    while let Err(last) = answers(cx, "the kubelet", KUBELET_HEALTH).await {
        if wait.again(last).await.is_err() {
            return Ok(false);
        }
    }
    if !node.control_plane {
        return Ok(true);
    }
    let Some(api) = KubeApi::of(cx).await? else { return Ok(false) };
    let wait = Wait::new(60, Duration::from_secs(1), "the API server after a crash");
    while let Err(last) = api.is_ready().await? {
        if wait.again(last).await.is_err() {
            return Ok(false);
        }
    }
    let live = api.get(&object(&node.name)).await?.unwrap_or_default();
    Ok(live["metadata"]["labels"].get("node-role.kubernetes.io/control-plane").is_some())
}

/// Takes a half join back, its etcd member and its Node with it: kubeadm refuses to join a name that is there and Ready.
async fn clean(node: &NodeIdentity, cx: &Context<'_>) -> Result<(), ActError> {
    if let (Some(api), Ok(endpoint)) = (KubeApi::of(cx).await?, node.endpoint.parse()) {
        // Where it cannot be reached, the Node turns NotReady by itself, and a later try succeeds.
        let _ = api.at(endpoint).delete(&object(&node.name)).await;
    }
    kubeadm::reset(cx).await
}
