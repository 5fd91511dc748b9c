//! The first control plane: `kubeadm init`, which also uploads what the others need to join.

use ha_domain::step::{ControlPlaneInit, CredentialKind};

use super::super::kube_api::KubeApi;
use super::super::{ActError, Context, Probe};
use super::config::{self, JoinSecrets};
use super::progress::{self, Phase};
use super::{end, kubeadm, own, refuse_foreign, revive, wake};

/// What the last phases of an init make: where they are, nothing is missing.
const LAST_MADE: [&str; 4] = [
    "/api/v1/namespaces/kube-system/secrets/kubeadm-certs",
    "/api/v1/namespaces/kube-public/configmaps/cluster-info",
    "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
    "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
];

pub(in super::super) async fn probe(action: &ControlPlaneInit, cx: &Context<'_>) -> Result<Probe, ActError> {
    super::probe(&action.node, cx).await
}

pub(in super::super) async fn act(action: &ControlPlaneInit, cx: &Context<'_>) -> Result<(), ActError> {
    match progress::read(cx).await? {
        Some(p) if p.phase == Phase::Done => return revive(&action.node, cx).await,
        Some(_) => {
            kubeadm::wait_for_running(cx).await?;
            resume(action, cx).await?;
        }
        None => {
            refuse_foreign(cx).await?;
            begin(action, cx, &[]).await?;
        }
    }
    end(&action.node, cx).await
}

/// `skip` names phases that an earlier try has behind it.
async fn begin(action: &ControlPlaneInit, cx: &Context<'_>, skip: &[&str]) -> Result<(), ActError> {
    let secrets = JoinSecrets {
        token: cx.credential(CredentialKind::BootstrapToken)?,
        certificate_key: cx.credential(CredentialKind::CertificateKey)?,
    };
    let config = config::init(action, &secrets, skip);
    own(cx).await?;
    progress::write(cx, Phase::Begun, &action.node.name).await?;
    (cx.progress)(format!("kubeadm init {}", action.cluster.version));
    let kubeadm = kubeadm::run(cx, &["init", "--upload-certs"], &config, &secrets);
    wake::during(cx, &action.node, kubeadm).await.map(drop)
}

/// After a crash, by what is there. The cluster serves and is whole: nothing is left to do. It serves, but the last phases
/// did not run: they run now, each of them may be repeated. It does not serve: nobody has joined it (see [`super`]), so it
/// is taken apart and begun again.
async fn resume(action: &ControlPlaneInit, cx: &Context<'_>) -> Result<(), ActError> {
    match KubeApi::of(cx).await? {
        Some(api) if api.is_ready().await?.is_ok() => {
            if is_whole(&api).await? {
                return Ok(());
            }
            begin(action, cx, &["preflight"]).await
        }
        Some(_) | None => {
            kubeadm::reset(cx).await?;
            begin(action, cx, &[]).await
        }
    }
}

async fn is_whole(api: &KubeApi<'_>) -> Result<bool, ActError> {
    for path in LAST_MADE {
        if api.get(path).await?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
