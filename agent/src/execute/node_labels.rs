//! Labels of the cluster's nodes, as the spec wants them. Labels of others stay; those of ours that are no longer wanted go.

use std::collections::BTreeMap;

use ha_domain::step::NodeLabels;
use serde_json::{Value, json};

use super::kube_api::KubeApi;
use super::{ActError, Context, Probe};

type Labels = BTreeMap<String, String>;

pub(super) async fn probe(action: &NodeLabels, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    let nodes = api.get("/api/v1/nodes").await?.unwrap_or_default();
    for (name, labels) in &action.nodes {
        let Some(live) = find(&nodes, name) else { return Ok(Probe::Differs(format!("there is no node {name}"))) };
        if let Some(label) = first_difference(labels, live) {
            return Ok(Probe::Differs(format!("{name}: the label {label} is not as wanted")));
        }
    }
    Ok(Probe::converged())
}

pub(super) async fn act(action: &NodeLabels, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let nodes = api.get("/api/v1/nodes").await?.unwrap_or_default();
    for (name, labels) in &action.nodes {
        // Applying a Node that is not there would make one: its uid says which one is meant.
        let Some(uid) = find(&nodes, name).and_then(|n| n["metadata"]["uid"].as_str()) else {
            return Err(ActError::Refused(format!("there is no node {name}; it has to join first")));
        };
        (cx.progress)(format!("labelling {name}"));
        let node =
            json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "uid": uid, "labels": labels}});
        api.apply(&node).await?;
    }
    Ok(())
}

fn find<'n>(nodes: &'n Value, name: &str) -> Option<&'n Value> {
    nodes["items"].as_array()?.iter().find(|n| n["metadata"]["name"] == name)
}

/// The first label that is missing, different, or one that we set and that is no longer wanted.
fn first_difference(wanted: &Labels, live: &Value) -> Option<String> {
    let has = &live["metadata"]["labels"];
    let missing =
        wanted.iter().find(|(key, value)| has.get(key.as_str()).and_then(Value::as_str) != Some(value.as_str()));
    missing.map(|(key, _)| key.clone()).or_else(|| ours(live).into_iter().find(|key| !wanted.contains_key(key)))
}

/// The labels that the API server knows to be of our making.
fn ours(live: &Value) -> Vec<String> {
    let managed = live["metadata"]["managedFields"].as_array().into_iter().flatten();
    let ours = managed.filter(|entry| entry["manager"] == "ha-mesh");
    let labels = ours.filter_map(|entry| entry["fieldsV1"]["f:metadata"]["f:labels"].as_object());
    labels.flat_map(|labels| labels.keys().filter_map(|key| key.strip_prefix("f:").map(str::to_owned))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live() -> Value {
        json!({"metadata": {
            "labels": {"zone": "a", "kubernetes.io/os": "linux", "old": ""},
            "managedFields": [
                {"manager": "kubelet", "fieldsV1": {"f:metadata": {"f:labels": {"f:kubernetes.io/os": {}}}}},
                {"manager": "ha-mesh", "fieldsV1": {"f:metadata": {"f:labels": {"f:zone": {}, "f:old": {}}}}},
            ],
        }})
    }

    #[test]
    fn a_label_that_we_set_and_no_longer_want_is_a_difference() {
        let wanted = Labels::from([("zone".to_owned(), "a".to_owned())]);
        assert_eq!(first_difference(&wanted, &live()).unwrap(), "old");
    }

    #[test]
    fn labels_of_others_are_no_difference() {
        let wanted = Labels::from([("zone".to_owned(), "a".to_owned()), ("old".to_owned(), String::new())]);
        assert_eq!(first_difference(&wanted, &live()), None);
    }

    #[test]
    fn a_missing_label_is_a_difference() {
        let wanted = Labels::from([("rack".to_owned(), "1".to_owned()), ("old".to_owned(), String::new())]);
        assert_eq!(first_difference(&wanted, &live()).unwrap(), "rack");
    }
}
