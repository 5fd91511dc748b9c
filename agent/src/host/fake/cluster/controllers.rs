//! What Kubernetes' controllers would do by now: nodes turn ready, pods are placed, claims are bound, statuses are told.
//!
//! Time plays no part: what will happen has happened at the next look.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::super::world::Site;

const NODES: &str = "/api/v1/nodes";
const DAEMON_SETS: &str = "/apis/apps/v1/daemonsets";
const DEPLOYMENTS: &str = "/apis/apps/v1/deployments";
const CLAIMS: &str = "/api/v1/persistentvolumeclaims";
const FLANNEL: &str = "/apis/apps/v1/namespaces/kube-flannel/daemonsets/flannel";

/// A node as a scheduler sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Place {
    ready: bool,
    worker: bool,
    schedulable: bool,
}

type Places = BTreeMap<String, Place>;

impl Site {
    pub(in super::super) fn run_controllers(&mut self) {
        let places = self.judge_nodes();
        for set in owned(self.cluster.objects.list(DAEMON_SETS)) {
            self.place_daemons(&set, &places);
        }
        for deployment in owned(self.cluster.objects.list(DEPLOYMENTS)) {
            self.place_replicas(&deployment, &places);
        }
        for claim in owned(self.cluster.objects.list(CLAIMS)) {
            let path = path_of("/api/v1", "persistentvolumeclaims", &claim);
            self.set_status(&path, json!({"phase": "Bound"}));
        }
    }

    fn judge_nodes(&mut self) -> Places {
        let has_network = self.cluster.objects.get(FLANNEL).is_some();
        let mut places = Places::new();
        for node in owned(self.cluster.objects.list(NODES)) {
            let name = text(&node["metadata"]["name"]).to_owned();
            let alive = self.machines.get(&name).is_some_and(|s| !s.cut && s.is_active("kubelet"));
            let ready = alive && has_network;
            let conditions = json!([{"type": "Ready", "status": if ready { "True" } else { "False" }}]);
            self.set_status(&format!("{NODES}/{name}"), json!({"conditions": conditions}));
            let worker = node["metadata"]["labels"].get("node-role.kubernetes.io/control-plane").is_none();
            places.insert(name, Place { ready, worker, schedulable: node["spec"]["unschedulable"] != json!(true) });
        }
        places
    }

    /// One pod on each node; of the ingress on workers only.
    fn place_daemons(&mut self, set: &Value, places: &Places) {
        let name = text(&set["metadata"]["name"]);
        let workers_only = name == "traefik";
        let fits = |place: &Place| !workers_only || place.worker;
        let wanted: Vec<(String, String, bool)> = places
            .iter()
            .filter(|(_, place)| fits(place))
            .map(|(node, place)| (format!("{name}-{node}"), node.clone(), place.ready))
            .collect();
        let ready = wanted.iter().filter(|(.., ready)| *ready).count();
        self.put_pods(set, "DaemonSet", wanted);
        let status = json!({
            "observedGeneration": set["metadata"]["generation"],
            "desiredNumberScheduled": places.values().filter(|p| fits(p)).count(),
            "numberReady": ready,
            "updatedNumberScheduled": ready,
        });
        self.set_status(&path_of("/apis/apps/v1", "daemonsets", set), status);
    }

    /// Pods stay where they are while that node is ready; others are placed on the least loaded worker.
    fn place_replicas(&mut self, deployment: &Value, places: &Places) {
        let name = text(&deployment["metadata"]["name"]);
        let replicas = deployment["spec"]["replicas"].as_u64().unwrap_or(1);
        let before = self.placed(deployment);
        let mut load: BTreeMap<&String, u32> =
            places.iter().filter(|(_, p)| p.ready && p.worker && p.schedulable).map(|(node, _)| (node, 0)).collect();
        let mut wanted = Vec::new();
        for pod in (0..replicas).map(|i| format!("{name}-{i}")) {
            let stays = before.get(&pod).filter(|node| places.get(*node).is_some_and(|p| p.ready && p.worker));
            let node = stays.cloned().or_else(|| load.iter().min_by_key(|(_, n)| **n).map(|(node, _)| (*node).clone()));
            if let Some(count) = node.as_ref().and_then(|node| load.get_mut(node)) {
                *count += 1;
            }
            let ready = node.is_some();
            wanted.push((pod, node.unwrap_or_default(), ready));
        }
        let ready = wanted.iter().filter(|(.., ready)| *ready).count();
        self.put_pods(deployment, "ReplicaSet", wanted);
        let status = json!({
            "observedGeneration": deployment["metadata"]["generation"],
            "replicas": replicas,
            "updatedReplicas": replicas,
            "availableReplicas": ready,
        });
        self.set_status(&path_of("/apis/apps/v1", "deployments", deployment), status);
    }

    /// Names of an owner's pods and their nodes.
    fn placed(&self, owner: &Value) -> BTreeMap<String, String> {
        let pods = self.cluster.objects.list(&pods_of(owner));
        let owned =
            pods.into_iter().filter(|p| p["metadata"]["ownerReferences"][0]["name"] == owner["metadata"]["name"]);
        owned.map(|p| (text(&p["metadata"]["name"]).to_owned(), text(&p["spec"]["nodeName"]).to_owned())).collect()
    }

    fn put_pods(&mut self, owner: &Value, kind: &str, wanted: Vec<(String, String, bool)>) {
        let folder = pods_of(owner);
        for gone in self.placed(owner).into_keys().filter(|name| !wanted.iter().any(|(pod, ..)| pod == name)) {
            self.cluster.objects.remove(&format!("{folder}/{gone}"));
        }
        let labels = match &owner["spec"]["template"]["metadata"]["labels"] {
            Value::Object(labels) => Value::Object(labels.clone()),
            _ => json!({"app": owner["metadata"]["name"]}),
        };
        for (name, node, ready) in wanted {
            let pod = json!({
                "metadata": {
                    "name": name, "namespace": owner["metadata"]["namespace"], "labels": labels,
                    "ownerReferences": [{"kind": kind, "name": owner["metadata"]["name"]}],
                },
                "spec": {"nodeName": node},
                "status": {
                    "phase": if ready { "Running" } else { "Pending" },
                    "conditions": [{"type": "Ready", "status": if ready { "True" } else { "False" }}],
                    "containerStatuses": [{"restartCount": 0, "state": {}}],
                },
            });
            self.cluster.objects.merge(&format!("{folder}/{name}"), &pod, "kubelet");
        }
    }

    fn set_status(&mut self, path: &str, status: Value) {
        if let Some(object) = self.cluster.objects.get_mut(path) {
            for (key, value) in status.as_object().into_iter().flatten() {
                object["status"][key] = value.clone();
            }
        }
    }

    /// Whether the ingress runs on this worker.
    pub(in super::super) fn has_ingress(&self, node: &str) -> bool {
        let pod = self.cluster.objects.get(&format!("/api/v1/namespaces/kube-system/pods/traefik-{node}"));
        let alive = self.machines.get(node).is_some_and(|s| s.is_active("containerd"));
        alive && pod.is_some_and(|p| p["status"]["phase"] == "Running")
    }
}

fn owned(objects: Vec<&Value>) -> Vec<Value> {
    objects.into_iter().cloned().collect()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn pods_of(owner: &Value) -> String {
    format!("/api/v1/namespaces/{}/pods", text(&owner["metadata"]["namespace"]))
}

fn path_of(group: &str, plural: &str, object: &Value) -> String {
    let metadata = &object["metadata"];
    format!("{group}/namespaces/{}/{plural}/{}", text(&metadata["namespace"]), text(&metadata["name"]))
}
