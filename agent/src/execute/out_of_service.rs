//! A node declared out of service, or back: the taint that makes the cluster let go of the pods of a machine that is off,
//! without anybody there to confirm it.

use ha_domain::step::OutOfService;
use serde_json::{Value, json};

use super::kube_api::KubeApi;
use super::{ActError, Context, Probe};

/// The taint that Kubernetes has for this.
pub(crate) const TAINT: &str = "node.kubernetes.io/out-of-service";
/// How often a change is tried that somebody else's change overtook.
const TRIES: u32 = 5;

pub(super) async fn probe(action: &OutOfService, cx: &Context<'_>) -> Result<Probe, ActError> {
    let node = KubeApi::here(cx).await?.get(&path(action)).await?;
    Ok(match node {
        // A node that is gone has no pods to let go of.
        None => Probe::converged(),
        Some(node) if is_out(&node) == action.out => Probe::converged(),
        Some(_) if action.out => Probe::Differs(format!("{} is in service", action.node)),
        Some(_) => Probe::Differs(format!("{} is out of service", action.node)),
    })
}

pub(super) async fn act(action: &OutOfService, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let mut last = None;
    for _ in 0..TRIES {
        let Some(node) = api.get(&path(action)).await? else { return Ok(()) };
        // The version makes a change fail that was made from an older list of taints.
        let version = node["metadata"]["resourceVersion"].clone();
        let change = json!({"metadata": {"resourceVersion": version}, "spec": {"taints": taints(&node, action.out)}});
        match api.merge(&path(action), &change).await {
            Ok(_) => return Ok(()),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| ActError::Refused(format!("{} changes all the time", action.node))))
}

fn path(action: &OutOfService) -> String {
    format!("/api/v1/nodes/{}", action.node)
}

/// Whether a Node is declared out of service.
pub(crate) fn is_out(node: &Value) -> bool {
    listed(node).any(|taint| taint["key"] == TAINT)
}

fn listed(node: &Value) -> impl Iterator<Item = &Value> {
    node["spec"]["taints"].as_array().into_iter().flatten()
}

/// The node's taints with ours or without; those of others stay.
fn taints(node: &Value, out: bool) -> Vec<Value> {
    let ours = json!({"key": TAINT, "value": "nodeshutdown", "effect": "NoExecute"});
    listed(node).filter(|taint| taint["key"] != TAINT).cloned().chain(out.then_some(ours)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn taints_of_others_stay() {
        let node = json!({"spec": {"taints": [{"key": "theirs", "effect": "NoSchedule"}]}});
        let out = taints(&node, true);
        assert_eq!((out.len(), out[0]["key"].as_str(), out[1]["key"].as_str()), (2, Some("theirs"), Some(TAINT)));
        let back = taints(&json!({"spec": {"taints": out}}), false);
        assert_eq!(back, [json!({"key": "theirs", "effect": "NoSchedule"})]);
        assert!(taints(&json!({"spec": {}}), false).is_empty());
    }
}
