//! kubeadm's configuration, v1beta4, as JSON documents (which are YAML). Pure.
//!
//! Knows nothing of when kubeadm runs. What it renders holds secrets.

use std::collections::BTreeMap;

use ha_domain::id::Digest;
use ha_domain::step::{ClusterSettings, ControlPlaneInit, NodeIdentity, Overrides};
use serde_json::{Map, Value, json};

const KUBEADM: &str = "kubeadm.k8s.io/v1beta4";
/// How long a pair of join secrets works; kubeadm drops uploaded certificates after two hours in any case.
pub(in super::super) const TOKEN_TTL: &str = "2h0m0s";
/// Whom a bootstrap token makes of its bearer.
pub(in super::super) const TOKEN_GROUP: &str = "system:bootstrappers:kubeadm:default-node-token";

/// The pair of secrets that machines join with.
pub(in super::super) struct JoinSecrets<'a> {
    /// `[a-z0-9]{6}.[a-z0-9]{16}`
    pub token: &'a str,
    /// 64 hex digits; empty where no control plane joins.
    pub certificate_key: &'a str,
}

/// For `kubeadm init`. `skip` names phases that are left out.
pub(super) fn init(action: &ControlPlaneInit, secrets: &JoinSecrets<'_>, skip: &[&str]) -> String {
    let skipped = [&["show-join-command"], skip].concat();
    let init = json!({
        "apiVersion": KUBEADM,
        "kind": "InitConfiguration",
        "bootstrapTokens": [{
            "token": secrets.token,
            "ttl": TOKEN_TTL,
            "usages": ["signing", "authentication"],
            "groups": [TOKEN_GROUP],
        }],
        "certificateKey": secrets.certificate_key,
        "localAPIEndpoint": local_endpoint(&action.node),
        "nodeRegistration": registration(&action.node, &action.cluster.ignore_preflight),
        "timeouts": timeouts(),
        "skipPhases": skipped,
    });
    let cluster = &action.cluster;
    documents(&[init, cluster_configuration(&action.node, cluster), kubelet(cluster), proxy(cluster)])
}

/// For `kubeadm join`: with a certificate key as a control plane, else as a worker.
pub(super) fn join(node: &NodeIdentity, ca_pin: &Digest, secrets: &JoinSecrets<'_>, ignore: &[String]) -> String {
    let mut join = json!({
        "apiVersion": KUBEADM,
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": {
            "apiServerEndpoint": node.endpoint,
            "token": secrets.token,
            "caCertHashes": [format!("sha256:{ca_pin}")],
        }},
        "nodeRegistration": registration(node, ignore),
        "timeouts": timeouts(),
    });
    if node.control_plane {
        join["controlPlane"] =
            json!({"certificateKey": secrets.certificate_key, "localAPIEndpoint": local_endpoint(node)});
    }
    documents(&[join])
}

/// For `kubeadm init phase upload-certs`: the version is named so that kubeadm does not ask the internet for one.
pub(in super::super) fn upload_certs(version: &str, certificate_key: &str) -> String {
    documents(&[
        json!({"apiVersion": KUBEADM, "kind": "InitConfiguration", "certificateKey": certificate_key}),
        json!({"apiVersion": KUBEADM, "kind": "ClusterConfiguration", "kubernetesVersion": format!("v{version}")}),
    ])
}

fn local_endpoint(node: &NodeIdentity) -> Value {
    json!({"advertiseAddress": node.address, "bindPort": 6443})
}

fn registration(node: &NodeIdentity, ignore: &[String]) -> Value {
    json!({
        "name": node.name,
        "criSocket": "unix:///run/containerd/containerd.sock",
        "imagePullPolicy": "IfNotPresent",
        "kubeletExtraArgs": [{"name": "node-ip", "value": node.address}],
        "ignorePreflightErrors": ignore,
    })
}

/// Slow disks and mirrors are normal: longer than kubeadm's own.
fn timeouts() -> Value {
    json!({"controlPlaneComponentHealthCheck": "6m0s", "kubernetesAPICall": "2m0s"})
}

fn cluster_configuration(node: &NodeIdentity, cluster: &ClusterSettings) -> Value {
    json!({
        "apiVersion": KUBEADM,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": format!("v{}", cluster.version),
        // Elliptic keys are made in no time, and every handshake of the cluster costs a fraction of RSA's.
        "encryptionAlgorithm": "ECDSA-P256",
        // It cannot be given later without new certificates.
        "controlPlaneEndpoint": node.endpoint,
        "networking": {"podSubnet": cluster.pod_subnet, "serviceSubnet": cluster.service_subnet},
        "apiServer": {"certSANs": cluster.cert_sans, "extraArgs": arguments(&cluster.api_server_args)},
        "etcd": {"local": {"imageTag": cluster.etcd_tag}},
        "dns": {"imageTag": cluster.coredns_tag},
    })
}

fn arguments(args: &BTreeMap<String, String>) -> Vec<Value> {
    args.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
}

fn kubelet(cluster: &ClusterSettings) -> Value {
    let ours = json!({
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "rotateCertificates": true,
        "shutdownGracePeriod": "30s",
        "shutdownGracePeriodCriticalPods": "10s",
    });
    with(ours, &cluster.kubelet)
}

fn proxy(cluster: &ClusterSettings) -> Value {
    let ours = json!({
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": cluster.proxy_mode,
    });
    with(ours, &cluster.proxy)
}

/// The operator's settings win; where both have a table, they are put together.
fn with(ours: Value, overrides: &Overrides) -> Value {
    let theirs: Map<String, Value> = overrides.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    merged(ours, Value::Object(theirs))
}

fn merged(ours: Value, theirs: Value) -> Value {
    match (ours, theirs) {
        (Value::Object(mut ours), Value::Object(theirs)) => {
            for (key, value) in theirs {
                let before = ours.remove(&key).unwrap_or(Value::Null);
                ours.insert(key, merged(before, value));
            }
            Value::Object(ours)
        }
        (_, theirs) => theirs,
    }
}

fn documents(all: &[Value]) -> String {
    all.iter().map(|document| format!("---\n{document:#}\n")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::rendered::assert_golden;

    fn node(control_plane: bool) -> NodeIdentity {
        let (name, last) = if control_plane { ("m1", 21) } else { ("w1", 31) };
        NodeIdentity {
            name: name.to_owned(),
            address: std::net::IpAddr::from([10, 0, 0, last]),
            control_plane,
            endpoint: "10.0.0.10:6443".to_owned(),
        }
    }

    fn cluster() -> ClusterSettings {
        ClusterSettings {
            version: "1.36.3".to_owned(),
            pod_subnet: "10.244.0.0/16".to_owned(),
            service_subnet: "10.96.0.0/12".to_owned(),
            etcd_tag: "3.6.16-0".to_owned(),
            coredns_tag: "v1.14.6".to_owned(),
            cert_sans: vec!["10.0.0.10".to_owned(), "127.0.0.1".to_owned()],
            api_server_args: BTreeMap::from([("default-unreachable-toleration-seconds".to_owned(), "60".to_owned())]),
            kubelet: BTreeMap::from([("failSwapOn".to_owned(), json!(false))]),
            proxy_mode: "nftables".to_owned(),
            proxy: BTreeMap::from([("conntrack".to_owned(), json!({"maxPerCore": 0}))]),
            ignore_preflight: vec!["SystemVerification".to_owned()],
        }
    }

    const SECRETS: JoinSecrets<'_> = JoinSecrets {
        token: "abcdef.0123456789abcdef",
        certificate_key: "1111111111111111111111111111111111111111111111111111111111111111",
    };

    #[test]
    fn the_configuration_of_an_init_is_the_golden_one() {
        let action = ControlPlaneInit { node: node(true), cluster: cluster() };
        assert_golden("kubeadm-init.yaml", &init(&action, &SECRETS, &[]));
    }

    #[test]
    fn the_configuration_of_a_control_planes_join_is_the_golden_one() {
        let text = join(&node(true), &Digest::of(b"ca"), &SECRETS, &["SystemVerification".to_owned()]);
        assert_golden("kubeadm-join-control-plane.yaml", &text);
    }

    #[test]
    fn a_worker_is_told_no_certificate_key() {
        let text = join(&node(false), &Digest::of(b"ca"), &SECRETS, &[]);
        assert!(!text.contains(SECRETS.certificate_key));
        assert_golden("kubeadm-join-worker.yaml", &text);
    }

    #[test]
    fn the_configuration_of_fresh_join_secrets_is_the_golden_one() {
        assert_golden("kubeadm-upload-certs.yaml", &upload_certs("1.36.3", SECRETS.certificate_key));
    }

    #[test]
    fn what_the_operator_says_wins_and_tables_are_put_together() {
        let ours = json!({"mode": "nftables", "conntrack": {"min": 1, "maxPerCore": 32768}});
        let theirs = BTreeMap::from([("conntrack".to_owned(), json!({"maxPerCore": 0}))]);
        assert_eq!(with(ours, &theirs), json!({"mode": "nftables", "conntrack": {"min": 1, "maxPerCore": 0}}));
    }
}
