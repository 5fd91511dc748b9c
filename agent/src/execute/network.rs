//! The pod network: flannel, applied through this control plane. Does not wait for its pods: nodes say themselves when
//! they are ready.

use ha_domain::id::Digest;
use ha_domain::step::{Component, Network};
use minijinja::{Value, context};

use super::kube_api::KubeApi;
use super::manifest::Manifest;
use super::rendered::{Template, template};
use super::{ActError, Context, Probe};

const MANIFEST: Template = template!("flannel.yaml.j2");

pub(super) async fn probe(action: &Network, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    Ok(match manifest(action)?.look(&api).await? {
        Ok(_) => Probe::converged(),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &Network, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    manifest(action)?.apply(cx, &api).await.map(drop)
}

fn manifest(action: &Network) -> Result<Manifest, ActError> {
    Manifest::render(Component::Network, &MANIFEST, values(action))
}

fn values(action: &Network) -> Value {
    let Network { pod_subnet, flannel_image, cni_plugin_image } = action;
    // Pods read their configuration when they start: another one has to make other pods.
    let configuration = Digest::of([MANIFEST.text, pod_subnet].concat().as_bytes()).short().to_owned();
    context! { pod_subnet, flannel_image, cni_plugin_image, configuration }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::manifest::assert_golden_manifest;

    #[test]
    fn flannels_manifest_is_the_golden_one() {
        let action = Network {
            pod_subnet: "10.244.0.0/16".to_owned(),
            flannel_image: "ghcr.io/flannel-io/flannel:v0.28.10".to_owned(),
            cni_plugin_image: "ghcr.io/flannel-io/flannel-cni-plugin:v1.9.1-flannel1".to_owned(),
        };
        assert_golden_manifest("flannel.yaml", Component::Network, &MANIFEST, values(&action));
    }
}
