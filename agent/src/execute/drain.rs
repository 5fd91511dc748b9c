//! A node taken out of service: no new pods, and those that can move are asked to. What does not let go is named.
//!
//! Pods of DaemonSets and static pods stay: they belong to the node. Volumes of a pod's own go with it.

use std::time::{Duration, Instant};

use ha_domain::step::Drain;
use serde_json::{Value, json};

use super::kube_api::{KubeApi, said};
use super::{ActError, Context, Probe};

pub(super) async fn probe(action: &Drain, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    let Some(node) = api.get(&node_path(action)).await? else { return Ok(Probe::converged()) };
    if node["spec"]["unschedulable"] != json!(true) {
        return Ok(Probe::Differs(format!("{} takes new pods", action.node)));
    }
    Ok(match movable(action, &api, &node).await?.len() {
        0 => Probe::converged(),
        left => Probe::Differs(format!("{left} pods are still on {}", action.node)),
    })
}

pub(super) async fn act(action: &Drain, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let Some(node) = api.get(&node_path(action)).await? else { return Ok(()) };
    (cx.progress)(format!("{} takes no new pods", action.node));
    api.merge(&node_path(action), &json!({"spec": {"unschedulable": true}})).await?;
    let begun = Instant::now();
    loop {
        let pods = movable(action, &api, &node).await?;
        if pods.is_empty() {
            return Ok(());
        }
        let blocked = evict_all(&api, &pods).await?;
        if begun.elapsed() > Duration::from_secs(action.timeout_seconds.into()) {
            return Err(left(action, &pods, &blocked));
        }
        (cx.progress)(format!("{} pods are leaving {}", pods.len(), action.node));
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

fn node_path(action: &Drain) -> String {
    format!("/api/v1/nodes/{}", action.node)
}

async fn movable(action: &Drain, api: &KubeApi<'_>, node: &Value) -> Result<Vec<Value>, ActError> {
    let all =
        api.get(&format!("/api/v1/pods?fieldSelector=spec.nodeName%3D{}", action.node)).await?.unwrap_or_default();
    let alive = is_ready(node);
    // On a node that is away nobody confirms that a pod has ended: that it was told to is all there will ever be.
    let stays = |pod: &&Value| moves(pod) && (alive || !is_leaving(pod));
    Ok(all["items"].as_array().into_iter().flatten().filter(stays).cloned().collect())
}

fn is_ready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array().into_iter().flatten();
    conditions.filter(|c| c["type"] == "Ready").any(|c| c["status"] == "True")
}

fn is_leaving(pod: &Value) -> bool {
    pod["metadata"].get("deletionTimestamp").is_some()
}

fn moves(pod: &Value) -> bool {
    let of_daemon_set =
        pod["metadata"]["ownerReferences"].as_array().into_iter().flatten().any(|o| o["kind"] == "DaemonSet");
    let is_static = pod["metadata"]["annotations"].get("kubernetes.io/config.mirror").is_some();
    let ended = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
    !(of_daemon_set || is_static || ended)
}

/// Asks every pod to go that was not asked yet; gives back who was refused and why.
async fn evict_all(api: &KubeApi<'_>, pods: &[Value]) -> Result<Vec<String>, ActError> {
    let mut blocked = Vec::new();
    for pod in pods.iter().filter(|pod| !is_leaving(pod)) {
        let (namespace, name) = names(pod);
        let eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": {"name": name, "namespace": namespace},
        });
        let answer = api.post(&format!("/api/v1/namespaces/{namespace}/pods/{name}/eviction"), &eviction).await?;
        match answer.status {
            200 | 201 | 404 => {}
            429 => blocked.push(format!("{namespace}/{name}: {}", budget(&answer.body))),
            _ => blocked.push(format!("{namespace}/{name}: {}", said(&answer))),
        }
    }
    Ok(blocked)
}

fn names(pod: &Value) -> (&str, &str) {
    let text = |key: &str| pod["metadata"][key].as_str().unwrap_or_default();
    (text("namespace"), text("name"))
}

/// The API names the budget that says no.
fn budget(body: &[u8]) -> String {
    let status: Value = serde_json::from_slice(body).unwrap_or_default();
    let causes = status["details"]["causes"].as_array().into_iter().flatten();
    let causes: Vec<&str> = causes.filter_map(|c| c["message"].as_str()).collect();
    if causes.is_empty() { "a PodDisruptionBudget forbids it now".to_owned() } else { causes.join(", ") }
}

fn left(action: &Drain, pods: &[Value], blocked: &[String]) -> ActError {
    let leaving = pods.iter().map(names).map(|(namespace, name)| format!("{namespace}/{name} is still ending"));
    let last: Vec<String> = if blocked.is_empty() { leaving.collect() } else { blocked.to_vec() };
    ActError::Timeout {
        seconds: action.timeout_seconds.into(),
        what: format!("the pods of {} to leave", action.node),
        last: last.join("; "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pods_that_belong_to_the_node_stay() {
        let of =
            |owner: &str| json!({"metadata": {"ownerReferences": [{"kind": owner}]}, "status": {"phase": "Running"}});
        assert!(!moves(&of("DaemonSet")));
        assert!(moves(&of("ReplicaSet")));
        assert!(!moves(&json!({"metadata": {"annotations": {"kubernetes.io/config.mirror": "x"}}})));
        assert!(!moves(&json!({"metadata": {}, "status": {"phase": "Succeeded"}})));
    }

    #[test]
    fn the_budget_that_blocks_is_named() {
        let body = br#"{"code":429,"message":"Cannot evict pod as it would violate the pod's disruption budget.",
            "details":{"causes":[{"reason":"DisruptionBudget","message":"The disruption budget joget needs 1 healthy pods"}]}}"#;
        assert_eq!(budget(body), "The disruption budget joget needs 1 healthy pods");
    }
}
