//! Joget in Kubernetes: the administrator's password, Deployment, Service, Ingress with sticky sessions, and from two
//! replicas a PodDisruptionBudget.
//!
//! Its data source is given to it by the one-time setup, not here.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ha_domain::step::{Component, CredentialKind, Joget};
use minijinja::context;
use serde_json::{Value, json};

use super::kube_api::KubeApi;
use super::manifest::Manifest;
use super::rendered::{last_lines, template};
use super::service::Wait;
use super::{ActError, Context, Probe, distro};

const BUDGET: &str = "/apis/policy/v1/namespaces/joget/poddisruptionbudgets/joget";
const PODS: &str = "/api/v1/namespaces/joget/pods?labelSelector=app%3Djoget";
const WARNINGS: &str = "/api/v1/namespaces/joget/events?fieldSelector=type%3DWarning";
const REGISTRY_SECRET: &str = "/api/v1/namespaces/joget/secrets/joget-registry";
const ADMIN_SECRET: &str = "/api/v1/namespaces/joget/secrets/joget-admin";

pub(super) async fn probe(action: &Joget, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    Ok(match look(action, &api).await? {
        Ok(()) => Probe::Converged(distro::facts([
            ("replicas", action.replicas.to_string()),
            ("image", action.image.clone()),
        ])),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &Joget, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let password = cx.credential(CredentialKind::JogetAdminPassword)?;
    api.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "joget"}})).await?;
    api.apply(&admin_secret(password)).await?;
    if let Some(registry) = &action.registry {
        api.apply(&registry_secret(&registry.host, cx.credential(CredentialKind::RegistryLogin)?)).await?;
    }
    manifest(action)?.apply(cx, &api).await?;
    if action.replicas < 2 {
        api.delete(BUDGET).await?;
    }
    (cx.progress)(format!("waiting for {} replicas of Joget", action.replicas));
    let wait = Wait::new(540, Duration::from_millis(300), "Joget's replicas");
    while let Err(last) = look(action, &api).await? {
        match wait.again(last).await {
            Err(ActError::Timeout { seconds, what, last }) => {
                let last = format!("{last}; {}", pods(&api).await?);
                return Err(ActError::Timeout { seconds, what, last });
            }
            other => other?,
        }
    }
    Ok(())
}

async fn look(action: &Joget, api: &KubeApi<'_>) -> Result<Result<(), String>, ActError> {
    if api.get(ADMIN_SECRET).await?.is_none() {
        return Ok(Err("the administrator's password is not there".to_owned()));
    }
    if action.registry.is_some() && api.get(REGISTRY_SECRET).await?.is_none() {
        return Ok(Err("the registry's password is not there".to_owned()));
    }
    Ok(manifest(action)?.look(api).await?.and_then(|live| available(&live, action.replicas)))
}

fn available(deployment: &Value, wanted: u32) -> Result<(), String> {
    let status = &deployment["status"];
    if status["observedGeneration"] != deployment["metadata"]["generation"] {
        return Err("the Deployment was not taken up yet".to_owned());
    }
    let count = |name: &str| status[name].as_u64().unwrap_or(0);
    let (new, ready, all) = (count("updatedReplicas"), count("availableReplicas"), count("replicas"));
    let wanted = u64::from(wanted);
    if (new, ready, all) == (wanted, wanted, wanted) {
        return Ok(());
    }
    Err(format!("{ready} of {wanted} replicas are available, {new} of them new"))
}

/// What the pods wait for, in Kubernetes' own words.
async fn pods(api: &KubeApi<'_>) -> Result<String, ActError> {
    let pods = api.get(PODS).await?.unwrap_or_default();
    let mut all: Vec<String> = pods["items"].as_array().into_iter().flatten().map(pod).collect();
    let warnings = api.get(WARNINGS).await?.unwrap_or_default();
    all.extend(last_warning(&warnings));
    Ok(if all.is_empty() { "there is no pod".to_owned() } else { all.join("; ") })
}

/// What the kubelet or a controller complained of last.
fn last_warning(events: &Value) -> Option<String> {
    let at = |event: &&Value| event["lastTimestamp"].as_str().unwrap_or_default().to_owned();
    let last = events["items"].as_array()?.iter().max_by_key(at)?;
    Some(last_lines(last["message"].as_str()?))
}

fn pod(pod: &Value) -> String {
    let status = &pod["status"];
    let of = |list: &Value, state: &str| {
        let all = list.as_array().into_iter().flatten().filter_map(|c| c["state"][state]["reason"].as_str());
        all.map(str::to_owned).next()
    };
    let containers = &status["containerStatuses"];
    let condition = status["conditions"].as_array().into_iter().flatten().find(|c| c["status"] == "False");
    let why = of(containers, "waiting").or_else(|| of(containers, "terminated"));
    let why = why.or_else(|| condition.and_then(|c| c["message"].as_str().map(str::to_owned)));
    let name = pod["metadata"]["name"].as_str().unwrap_or("a pod");
    format!("{name} is {}: {}", status["phase"].as_str().unwrap_or("new"), why.unwrap_or_default())
}

fn admin_secret(password: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "Opaque",
        "metadata": {"name": "joget-admin", "namespace": "joget"},
        "data": {"password": STANDARD.encode(password)},
    })
}

/// `login` is `user:password`. The kubelet reads it when it pulls.
fn registry_secret(host: &str, login: &str) -> Value {
    let config = json!({"auths": {host: {"auth": STANDARD.encode(login.trim_end())}}});
    json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/dockerconfigjson",
        "metadata": {"name": "joget-registry", "namespace": "joget"},
        "data": {".dockerconfigjson": STANDARD.encode(config.to_string())},
    })
}

fn manifest(action: &Joget) -> Result<Manifest, ActError> {
    Manifest::render(Component::Joget, &template!("joget.yaml.j2"), values(action))
}

fn values(action: &Joget) -> minijinja::Value {
    let Joget { image, replicas, host, tls, open_volume_with, .. } = action;
    let registry = action.registry.is_some();
    context! { image, replicas, host, tls, open_volume_with, registry, resources => json!(resources(action)).to_string() }
}

/// Requests and limits without what was left out.
fn resources(action: &Joget) -> BTreeMap<String, BTreeMap<String, String>> {
    let amounts = |at: usize| {
        let all = [("cpu", &action.cpu[at]), ("memory", &action.memory[at])];
        let given = all.into_iter().filter(|(_, amount)| !amount.is_empty());
        given.map(|(name, amount)| (name.to_owned(), amount.clone())).collect::<BTreeMap<_, _>>()
    };
    let sides = [("requests", amounts(0)), ("limits", amounts(1))];
    sides.into_iter().filter(|(_, m)| !m.is_empty()).map(|(name, m)| (name.to_owned(), m)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::manifest::assert_golden_manifest;
    use ha_domain::id::SecretName;
    use ha_domain::spec::DatabaseKind;
    use ha_domain::step::{DataSource, Registry};

    fn action(replicas: u32, tls: bool) -> Joget {
        Joget {
            image: "registry.example/joget-dx8:8.2".to_owned(),
            replicas,
            host: "myapp.com".to_owned(),
            tls,
            data_source: DataSource {
                kind: DatabaseKind::MariaDb,
                host: "10.0.0.41".to_owned(),
                port: 3306,
                name: "jwdb".to_owned(),
                user: "joget".to_owned(),
                tls: true,
                pool: 50,
                profile: "default".to_owned(),
                parameters: std::collections::BTreeMap::new(),
            },
            cpu: ["500m".to_owned(), String::new()],
            memory: ["2Gi".to_owned(), "3Gi".to_owned()],
            registry: (replicas > 1).then(|| Registry {
                host: "registry.example".to_owned(),
                secret: SecretName::new("registry").unwrap(),
            }),
            open_volume_with: (replicas == 1).then(|| "docker.io/library/traefik:v3.7.13".to_owned()),
        }
    }

    #[test]
    fn one_replica_is_the_golden_one() {
        let values = values(&action(1, true));
        assert_golden_manifest("joget-one.yaml", Component::Joget, &template!("joget.yaml.j2"), values);
    }

    #[test]
    fn two_replicas_have_a_budget_and_are_the_golden_ones() {
        let values = values(&action(2, false));
        assert_golden_manifest("joget-two.yaml", Component::Joget, &template!("joget.yaml.j2"), values);
    }

    #[test]
    fn the_kubelet_is_given_the_registrys_login_as_docker_writes_it() {
        let secret = registry_secret("registry.example:5000", "reader:p:w\n");
        let config = STANDARD.decode(secret["data"][".dockerconfigjson"].as_str().unwrap()).unwrap();
        let config: Value = serde_json::from_slice(&config).unwrap();
        assert_eq!(config["auths"]["registry.example:5000"]["auth"], STANDARD.encode("reader:p:w"));
    }

    #[test]
    fn a_deployment_is_available_only_when_no_old_replica_is_left() {
        let of = |new, ready, all| {
            let status =
                json!({"observedGeneration": 3, "updatedReplicas": new, "availableReplicas": ready, "replicas": all});
            available(&json!({"metadata": {"generation": 3}, "status": status}), 2)
        };
        assert_eq!(of(2, 2, 2), Ok(()));
        assert_eq!(of(1, 2, 2), Err("2 of 2 replicas are available, 1 of them new".to_owned()));
        assert!(of(2, 2, 3).is_err());
    }

    #[test]
    fn the_last_complaint_is_passed_on() {
        let event = |at: &str, message: &str| json!({"lastTimestamp": at, "message": message});
        let events = json!({"items": [event("2026-11-24T08:00:01Z", "new"), event("2026-11-24T08:00:00Z", "old")]});
        assert_eq!(last_warning(&events).unwrap(), "new");
        assert_eq!(last_warning(&json!({"items": []})), None);
    }

    #[test]
    fn what_a_pod_waits_for_is_named() {
        let waiting = json!({"metadata": {"name": "joget-1"}, "status": {"phase": "Pending",
            "containerStatuses": [{"state": {"waiting": {"reason": "ImagePullBackOff"}}}]}});
        assert_eq!(pod(&waiting), "joget-1 is Pending: ImagePullBackOff");
    }
}
