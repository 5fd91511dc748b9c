//! The objects of the cluster by their API path, and how a change is taken up: server-side apply and merge. Pure.
//!
//! Knows nothing of what the kinds mean.

use std::collections::BTreeMap;

use base64::Engine;
use serde_json::{Map, Value, json};

/// API path to object.
#[derive(Debug, Clone, Default)]
pub(in super::super) struct Objects {
    all: BTreeMap<String, Value>,
    uids: u64,
}

impl Objects {
    pub(in super::super) fn get(&self, path: &str) -> Option<&Value> {
        self.all.get(path)
    }
    pub(super) fn get_mut(&mut self, path: &str) -> Option<&mut Value> {
        self.all.get_mut(path)
    }
    pub(in super::super) fn remove(&mut self, path: &str) -> Option<Value> {
        self.all.remove(path)
    }

    /// The objects of a collection: of one namespace, or of all where the path names none.
    pub(in super::super) fn list(&self, collection: &str) -> Vec<&Value> {
        let plural = collection.rsplit('/').next().unwrap_or_default();
        let group = collection.strip_suffix(plural).unwrap_or_default();
        let belongs = |path: &str| {
            let Some((folder, _)) = path.rsplit_once('/') else { return false };
            folder == collection
                || (folder.ends_with(&format!("/{plural}")) && folder.starts_with(&format!("{group}namespaces/")))
        };
        self.all.iter().filter(|(path, _)| belongs(path)).map(|(_, object)| object).collect()
    }

    /// Takes up the fields of `change` in the name of `manager`; labels that it set before and does not name now go.
    pub(in super::super) fn apply(&mut self, path: &str, change: &Value, manager: &str) -> Value {
        let old: Vec<String> = self.all.get(path).map(|o| managed_labels(o, manager)).unwrap_or_default();
        let wanted = change["metadata"]["labels"].clone();
        let object = self.merge(path, change, manager);
        if let Some(labels) = object["metadata"]["labels"].as_object_mut() {
            old.iter().filter(|key| wanted.get(key.as_str()).is_none()).for_each(|key| drop(labels.remove(key)));
        }
        let fields: Map<String, Value> =
            wanted.as_object().into_iter().flatten().map(|(key, _)| (format!("f:{key}"), json!({}))).collect();
        let entry = json!({"manager": manager, "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": fields}}});
        let mut entries = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        entries.retain(|e| e["manager"] != manager);
        entries.push(entry);
        object["metadata"]["managedFields"] = Value::Array(entries);
        object.clone()
    }

    /// Puts `change` over what is there; a changed spec counts the generation up.
    pub(in super::super) fn merge(&mut self, path: &str, change: &Value, _: &str) -> &mut Value {
        self.uids += 1;
        let uid = format!("uid-{}", self.uids);
        let object =
            self.all.entry(path.to_owned()).or_insert_with(|| json!({"metadata": {"uid": uid, "generation": 0}}));
        let spec = object["spec"].clone();
        overlay(object, &without_strings(change));
        if object["spec"] != spec || object["metadata"]["generation"] == 0 {
            let generation = object["metadata"]["generation"].as_u64().unwrap_or(0);
            object["metadata"]["generation"] = json!(generation + 1);
        }
        object
    }
}

fn managed_labels(object: &Value, manager: &str) -> Vec<String> {
    let entries = object["metadata"]["managedFields"].as_array().into_iter().flatten();
    let labels =
        entries.filter(|e| e["manager"] == manager).filter_map(|e| e["fieldsV1"]["f:metadata"]["f:labels"].as_object());
    labels.flat_map(|l| l.keys()).filter_map(|key| key.strip_prefix("f:").map(str::to_owned)).collect()
}

/// `null` removes, tables are put together, all else is replaced.
fn overlay(object: &mut Value, change: &Value) {
    match (object, change) {
        (Value::Object(object), Value::Object(change)) => {
            for (key, value) in change {
                if value.is_null() {
                    object.remove(key);
                } else {
                    overlay(object.entry(key.clone()).or_insert(Value::Null), value);
                }
            }
        }
        (object, change) => *object = change.clone(),
    }
}

/// The API server keeps `stringData` as `data`.
fn without_strings(change: &Value) -> Value {
    let mut change = change.clone();
    let strings = change.as_object_mut().and_then(|o| o.remove("stringData"));
    for (key, value) in strings.as_ref().and_then(Value::as_object).into_iter().flatten() {
        let data = base64::engine::general_purpose::STANDARD.encode(value.as_str().unwrap_or_default());
        change["data"][key] = json!(data);
    }
    change
}

#[cfg(test)]
mod tests {
    use super::*;

    const NODE: &str = "/api/v1/nodes/w1";

    #[test]
    fn a_label_that_is_no_longer_applied_goes_and_those_of_others_stay() {
        let mut objects = Objects::default();
        objects.merge(NODE, &json!({"metadata": {"labels": {"theirs": "1"}}}), "kubelet");
        objects.apply(NODE, &json!({"metadata": {"labels": {"a": "1", "b": "1"}}}), "ha-mesh");
        let now = objects.apply(NODE, &json!({"metadata": {"labels": {"b": "2"}}}), "ha-mesh");
        assert_eq!(now["metadata"]["labels"], json!({"b": "2", "theirs": "1"}));
    }

    #[test]
    fn only_a_changed_spec_is_a_new_generation() {
        let mut objects = Objects::default();
        let first = objects.apply(NODE, &json!({"spec": {"a": 1}}), "x");
        let same = objects.apply(NODE, &json!({"spec": {"a": 1}, "metadata": {"labels": {"l": "1"}}}), "x");
        let other = objects.apply(NODE, &json!({"spec": {"a": 2}}), "x");
        let generations = [first, same, other].map(|o| o["metadata"]["generation"].as_u64());
        assert_eq!(generations, [Some(1), Some(1), Some(2)]);
    }

    #[test]
    fn a_collection_without_a_namespace_holds_those_of_all() {
        let mut objects = Objects::default();
        objects.merge("/api/v1/namespaces/a/pods/p", &json!({"n": 1}), "x");
        objects.merge("/api/v1/namespaces/b/pods/p", &json!({"n": 2}), "x");
        objects.merge("/api/v1/namespaces/b/secrets/p", &json!({"n": 3}), "x");
        assert_eq!(objects.list("/api/v1/pods").len(), 2);
        assert_eq!(objects.list("/api/v1/namespaces/b/pods").len(), 1);
    }
}
