//! The simulated cluster: etcd's members, the objects, and what `kubeadm` leaves in them.
//!
//! Knows the real objects' shape as far as actions read it.

mod api;
mod controllers;
mod etcd;
mod objects;
mod selector;

use std::net::IpAddr;

use serde_json::json;

use super::state::State;
use super::world::Site;
pub(super) use objects::Objects;
pub(super) use selector::decoded;

/// The certificate of every simulated cluster's CA: joining machines compare its key.
pub(super) const CA: &str = include_str!("ca.pem");

/// A member of etcd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Member {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) address: IpAddr,
}

/// The cluster; without members there is none.
#[derive(Debug, Clone, Default)]
pub(super) struct Cluster {
    pub(super) objects: Objects,
    pub(super) members: Vec<Member>,
    pub(super) leader: u64,
    /// The key under which the control plane's certificates were uploaded last.
    pub(super) certificate_key: String,
    ids: u64,
}

impl Cluster {
    pub(super) fn add_member(&mut self, name: &str, address: IpAddr) {
        self.ids += 1;
        let member = Member { id: 0x8000_0000_0000_0000 + self.ids, name: name.to_owned(), address };
        if self.members.is_empty() {
            self.leader = member.id;
        }
        self.members.push(member);
    }

    pub(super) fn remove_member(&mut self, id: u64) -> bool {
        let before = self.members.len();
        self.members.retain(|m| m.id != id);
        if self.leader == id {
            self.leader = self.members.first().map_or(0, |m| m.id);
        }
        before != self.members.len()
    }

    pub(super) fn node_names(&self) -> Vec<String> {
        self.objects
            .list("/api/v1/nodes")
            .into_iter()
            .filter_map(|n| Some(n["metadata"]["name"].as_str()?.to_owned()))
            .collect()
    }

    /// What a kubelet registers.
    pub(super) fn register(&mut self, state: &State, control_plane: bool, version: &str) {
        let mut labels = json!({"kubernetes.io/hostname": state.name, "kubernetes.io/os": "linux"});
        let mut spec = json!({});
        if control_plane {
            labels["node-role.kubernetes.io/control-plane"] = json!("");
            spec = json!({"taints": [{"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}]});
        }
        let node = json!({
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": state.name, "labels": labels},
            "spec": spec,
            "status": {
                "nodeInfo": {"kubeletVersion": format!("v{}", version.trim_start_matches('v'))},
                "addresses": [{"type": "InternalIP", "address": state.address}],
            },
        });
        self.objects.merge(&format!("/api/v1/nodes/{}", state.name), &node, "kubelet");
    }

    /// What the last phases of an init leave.
    pub(super) fn furnish(&mut self, certificate_key: &str) {
        self.certificate_key = certificate_key.to_owned();
        let namespaced = |kind: &str, namespace: &str, name: &str| json!({"kind": kind, "metadata": {"name": name, "namespace": namespace}, "spec": {"replicas": 2}});
        for (path, object) in [
            (
                "/api/v1/namespaces/kube-system/secrets/kubeadm-certs",
                namespaced("Secret", "kube-system", "kubeadm-certs"),
            ),
            (
                "/api/v1/namespaces/kube-public/configmaps/cluster-info",
                namespaced("ConfigMap", "kube-public", "cluster-info"),
            ),
            (
                "/apis/apps/v1/namespaces/kube-system/deployments/coredns",
                namespaced("Deployment", "kube-system", "coredns"),
            ),
            (
                "/apis/apps/v1/namespaces/kube-system/daemonsets/kube-proxy",
                namespaced("DaemonSet", "kube-system", "kube-proxy"),
            ),
        ] {
            self.objects.merge(path, &object, "kubeadm");
        }
    }
}

impl Site {
    /// Whether more than half of etcd's members run and can hear each other.
    pub(super) fn has_quorum(&self) -> bool {
        let members = &self.cluster.members;
        let alive = members.iter().filter(|m| self.runs_member(m)).count();
        alive > members.len() / 2
    }

    pub(super) fn runs_member(&self, member: &Member) -> bool {
        let state = self.machines.values().find(|s| s.address == member.address);
        state.is_some_and(|s| s.on && !s.cut && s.control_plane)
    }
}
