//! Wakes a new control plane's kubelet as soon as its API server answers.
//!
//! A kubelet that starts before its API server asks for its certificate, and registers its node, in ever longer pauses: it
//! would sleep for up to ten seconds after everything it waits for is there. One that starts anew asks at once.

use std::time::Duration;

use ha_domain::step::NodeIdentity;

use super::super::kube_api::KubeApi;
use super::super::{ActError, Context};
use super::{KUBELET, object};
use crate::host::UnitVerb;

/// Pause between two looks.
const EVERY: Duration = Duration::from_millis(250);

/// Carries out `kubeadm`; meanwhile the kubelet is woken, once.
pub(super) async fn during<T>(cx: &Context<'_>, node: &NodeIdentity, kubeadm: impl Future<Output = T> + Send) -> T {
    let mut kubeadm = Box::pin(kubeadm);
    if node.control_plane {
        tokio::select! {
            outcome = &mut kubeadm => return outcome,
            () = wake(cx, node) => {}
        }
    }
    kubeadm.await
}

/// Only a help: what goes wrong with it is kubeadm's to tell.
async fn wake(cx: &Context<'_>, node: &NodeIdentity) {
    loop {
        match is_registered(cx, node).await {
            Ok(Some(true)) => return,
            Ok(Some(false)) => {
                (cx.progress)("the API server answers: waking the kubelet".to_owned());
                let _ = cx.host.control(KUBELET, UnitVerb::Restart).await;
                return;
            }
            Ok(None) | Err(_) => tokio::time::sleep(EVERY).await,
        }
    }
}

/// Whether the kubelet has registered its node; `None` while the API server does not answer.
async fn is_registered(cx: &Context<'_>, node: &NodeIdentity) -> Result<Option<bool>, ActError> {
    let Some(api) = KubeApi::of(cx).await? else { return Ok(None) };
    if api.is_ready().await?.is_err() {
        return Ok(None);
    }
    Ok(Some(api.get(&object(&node.name)).await?.is_some()))
}
