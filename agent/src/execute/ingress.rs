//! The ingress controller: Traefik on the workers' ports 80 and 443, applied through this control plane.

use std::net::IpAddr;
use std::time::Duration;

use ha_domain::step::{Component, Ingress};
use minijinja::context;
use serde_json::Value;

use super::kube_api::KubeApi;
use super::manifest::Manifest;
use super::rendered::template;
use super::service::Wait;
use super::{ActError, Context, Probe, distro};

pub(super) async fn probe(action: &Ingress, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    Ok(match look(action, &api).await? {
        Ok(ready) => Probe::Converged(distro::facts([("ready", ready.to_string())])),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &Ingress, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    manifest(action)?.apply(cx, &api).await?;
    if action.workers > 0 {
        (cx.progress)(format!("waiting for the ingress on {} workers", action.workers));
    }
    let wait = Wait::new(300, Duration::from_millis(500), "the ingress controller");
    while let Err(last) = look(action, &api).await? {
        wait.again(last).await?;
    }
    Ok(())
}

/// On how many workers it answers, or why that is not as wanted.
async fn look(action: &Ingress, api: &KubeApi<'_>) -> Result<Result<u64, String>, ActError> {
    let live = match manifest(action)?.look(api).await? {
        Ok(live) => live,
        Err(what) => return Ok(Err(what)),
    };
    let ready = ready(&live);
    let enough = ready >= u64::from(action.workers);
    Ok(if enough { Ok(ready) } else { Err(format!("{ready} of {} workers answer", action.workers)) })
}

/// Pods of the wanted version that are ready.
fn ready(daemon_set: &Value) -> u64 {
    let status = &daemon_set["status"];
    if status["observedGeneration"] != daemon_set["metadata"]["generation"] {
        return 0;
    }
    let count = |name: &str| status[name].as_u64().unwrap_or(0);
    count("numberReady").min(count("updatedNumberScheduled"))
}

fn manifest(action: &Ingress) -> Result<Manifest, ActError> {
    Manifest::render(Component::Ingress, &template!("traefik.yaml.j2"), values(action))
}

fn values(action: &Ingress) -> minijinja::Value {
    let trusted: Vec<String> = action.trusted_proxies.iter().map(IpAddr::to_string).collect();
    context! { image => action.image.clone(), trusted => trusted.join(","), health_port => action.health_port }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::manifest::assert_golden_manifest;
    use serde_json::json;

    #[test]
    fn traefiks_manifest_is_the_golden_one() {
        let action = Ingress {
            image: "docker.io/library/traefik:v3.7.13".to_owned(),
            trusted_proxies: vec![IpAddr::from([10, 0, 0, 11]), IpAddr::from([10, 0, 0, 12])],
            health_port: 8082,
            workers: 2,
        };
        assert_golden_manifest("traefik.yaml", Component::Ingress, &template!("traefik.yaml.j2"), values(&action));
    }

    #[test]
    fn pods_of_the_version_before_do_not_count() {
        let status = json!({"observedGeneration": 2, "numberReady": 2, "updatedNumberScheduled": 1});
        assert_eq!(ready(&json!({"metadata": {"generation": 2}, "status": status})), 1);
        let status = json!({"observedGeneration": 1, "numberReady": 2, "updatedNumberScheduled": 2});
        assert_eq!(ready(&json!({"metadata": {"generation": 2}, "status": status})), 0);
    }
}
