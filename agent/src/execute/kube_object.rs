//! Kubernetes objects: where each kind lives in the API, and whether what is there is what was wanted. Pure.
//!
//! Knows nothing of what the objects are for.

use serde_json::Value;

use super::ActError;

/// Kind, path of its group, plural name, and whether it lives in a namespace.
const KINDS: &[(&str, &str, &str, bool)] = &[
    ("Namespace", "/api/v1", "namespaces", false),
    ("Node", "/api/v1", "nodes", false),
    ("PersistentVolume", "/api/v1", "persistentvolumes", false),
    ("PersistentVolumeClaim", "/api/v1", "persistentvolumeclaims", true),
    ("ConfigMap", "/api/v1", "configmaps", true),
    ("Secret", "/api/v1", "secrets", true),
    ("Service", "/api/v1", "services", true),
    ("ServiceAccount", "/api/v1", "serviceaccounts", true),
    ("ClusterRole", "/apis/rbac.authorization.k8s.io/v1", "clusterroles", false),
    ("ClusterRoleBinding", "/apis/rbac.authorization.k8s.io/v1", "clusterrolebindings", false),
    ("Role", "/apis/rbac.authorization.k8s.io/v1", "roles", true),
    ("RoleBinding", "/apis/rbac.authorization.k8s.io/v1", "rolebindings", true),
    ("DaemonSet", "/apis/apps/v1", "daemonsets", true),
    ("Deployment", "/apis/apps/v1", "deployments", true),
    ("IngressClass", "/apis/networking.k8s.io/v1", "ingressclasses", false),
    ("Ingress", "/apis/networking.k8s.io/v1", "ingresses", true),
    ("PodDisruptionBudget", "/apis/policy/v1", "poddisruptionbudgets", true),
];

/// Quantities are rewritten by the API server (`1000m` becomes `1`): below these keys only the names are compared.
const QUANTITIES: &[&str] = &["requests", "limits", "capacity"];

/// The API path of an object.
///
/// # Errors
/// A kind that has no row here, or an object without a name: faults of the agent.
pub(super) fn path(object: &Value) -> Result<String, ActError> {
    let kind = object["kind"].as_str().unwrap_or_default();
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    let row = KINDS.iter().find(|(k, ..)| *k == kind).filter(|_| !name.is_empty());
    let Some((_, group, plural, namespaced)) = row else {
        return Err(ActError::Refused(format!(
            "no place in the API for {kind} {name:?}; this is a fault of the agent"
        )));
    };
    Ok(if *namespaced {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
        format!("{group}/namespaces/{namespace}/{plural}/{name}")
    } else {
        format!("{group}/{plural}/{name}")
    })
}

/// The first field of `wanted` that `live` does not have like that; fields that only `live` has are the server's own.
pub(super) fn difference(wanted: &Value, live: &Value) -> Option<String> {
    differs(wanted, live, "")
}

fn differs(wanted: &Value, live: &Value, at: &str) -> Option<String> {
    match (wanted, live) {
        (Value::Object(wanted), Value::Object(live)) => wanted.iter().find_map(|(key, value)| {
            let at = format!("{at}.{key}");
            match live.get(key) {
                None if is_empty(value) => None,
                None => Some(format!("{} is missing", at.trim_start_matches('.'))),
                Some(_) if QUANTITIES.contains(&key.as_str()) => None,
                Some(there) => differs(value, there, &at),
            }
        }),
        (Value::Array(wanted), Value::Array(live)) if wanted.len() == live.len() => {
            let pairs = wanted.iter().zip(live).enumerate();
            pairs.into_iter().find_map(|(i, (wanted, live))| differs(wanted, live, &format!("{at}[{i}]")))
        }
        (wanted, live) if wanted == live => None,
        _ => Some(format!("{} was changed", at.trim_start_matches('.'))),
    }
}

/// What the API server leaves out when it stores an object.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(b) => !b,
        Value::String(s) => s.is_empty(),
        Value::Array(a) => a.is_empty(),
        Value::Object(o) => o.is_empty(),
        Value::Number(n) => n.as_u64() == Some(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_is_found_in_its_group_and_namespace() {
        let object = json!({"kind": "DaemonSet", "metadata": {"name": "traefik", "namespace": "kube-system"}});
        assert_eq!(path(&object).unwrap(), "/apis/apps/v1/namespaces/kube-system/daemonsets/traefik");
        let object = json!({"kind": "Node", "metadata": {"name": "w1"}});
        assert_eq!(path(&object).unwrap(), "/api/v1/nodes/w1");
    }

    #[test]
    fn a_kind_without_a_row_is_an_error() {
        assert!(path(&json!({"kind": "Pod", "metadata": {"name": "x"}})).is_err());
    }

    #[test]
    fn what_the_server_added_is_no_difference() {
        let wanted = json!({"spec": {"replicas": 2, "containers": [{"image": "a", "env": []}]}});
        let live = json!({"spec": {"replicas": 2, "x": 1, "containers": [{"image": "a", "tty": false}]}, "status": {}});
        assert_eq!(difference(&wanted, &live), None);
    }

    #[test]
    fn what_somebody_changed_is_named() {
        let wanted = json!({"spec": {"replicas": 2, "containers": [{"image": "a"}]}});
        let live = json!({"spec": {"replicas": 2, "containers": [{"image": "b"}]}});
        assert_eq!(difference(&wanted, &live).unwrap(), "spec.containers[0].image was changed");
        assert_eq!(difference(&wanted, &json!({})).unwrap(), "spec is missing");
    }

    #[test]
    fn a_rewritten_quantity_is_no_difference() {
        let wanted = json!({"requests": {"cpu": "1000m"}});
        assert_eq!(difference(&wanted, &json!({"requests": {"cpu": "1"}})), None);
    }
}
