//! kubeadm: init, join, reset, and the phases that actions call by themselves.
//!
//! Refuses what the real one refuses where actions count on that: a used machine, a wrong token, a foreign CA.

use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ha_domain::id::Digest;
use serde_json::Value;

use super::super::cluster::CA;
use super::super::world::Site;
use super::{failed, said};
use crate::host::{Output, UnitVerb};

pub(super) fn run(site: &mut Site, machine: &str, args: &[&str]) -> Output {
    let config = match args.iter().position(|a| *a == "--config").and_then(|at| args.get(at + 1)) {
        Some(path) => documents(site, machine, path),
        None => Ok(Vec::new()),
    };
    if let (Some(verb), Some(state)) = (building(args), site.machines.get_mut(machine)) {
        state.kubeadm_runs.push(verb);
    }
    let outcome = match (args, config) {
        (_, Err(why)) => Err(why),
        (["config", "validate", ..], Ok(_)) => Ok(()),
        (["init", "phase", "upload-certs", "--upload-certs", ..], Ok(config)) => upload(site, machine, &config),
        (["init", "--upload-certs", ..], Ok(config)) => init(site, machine, &config),
        (["join", ..], Ok(config)) => join(site, machine, &config),
        (["reset", "--force"], Ok(_)) => reset(site, machine),
        (other, Ok(_)) => Err(format!("the simulated kubeadm does not know {other:?}")),
    };
    match outcome {
        Ok(()) => said("done\n"),
        Err(why) => failed(1, &format!("error execution phase: {why}")),
    }
}

/// What makes a node; phases that actions call by themselves do not.
fn building(args: &[&str]) -> Option<&'static str> {
    match args {
        ["init", "--upload-certs", ..] => Some("init"),
        ["join", ..] => Some("join"),
        _ => None,
    }
}

/// The configuration's documents, which are written as JSON.
fn documents(site: &Site, machine: &str, path: &str) -> Result<Vec<Value>, String> {
    let text = site.machines.get(machine).and_then(|s| s.files.text(path)).ok_or("cannot read the configuration")?;
    let parts = text.split("---\n").filter(|d| !d.trim().is_empty());
    parts.map(|d| serde_json::from_str(d).map_err(|e| format!("strict decoding error: {e}"))).collect()
}

fn kind<'d>(config: &'d [Value], kind: &str) -> Result<&'d Value, String> {
    config.iter().find(|d| d["kind"] == kind).ok_or_else(|| format!("the configuration has no {kind}"))
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn preflight(site: &Site, machine: &str) -> Result<(), String> {
    let state = site.machines.get(machine).ok_or("the machine is off")?;
    if !state.is_active("containerd") {
        return Err("[ERROR CRI]: container runtime is not running".to_owned());
    }
    if !state.files.has("/usr/local/bin/kubelet") {
        return Err("[ERROR FileExisting-kubelet]: kubelet not found in system path".to_owned());
    }
    match ["/etc/kubernetes/kubelet.conf", "/etc/kubernetes/manifests/kube-apiserver.yaml"]
        .iter()
        .find(|p| state.files.has(p))
    {
        Some(path) => Err(format!("[ERROR FileAvailable]: {path} already exists")),
        None => Ok(()),
    }
}

fn init(site: &mut Site, machine: &str, config: &[Value]) -> Result<(), String> {
    let (init, cluster) = (kind(config, "InitConfiguration")?, kind(config, "ClusterConfiguration")?);
    let skips = |phase: &str| init["skipPhases"].as_array().is_some_and(|p| p.iter().any(|p| p == phase));
    if !skips("preflight") {
        preflight(site, machine)?;
    }
    let name = text(&init["nodeRegistration"]["name"]).to_owned();
    let address = site.machines.get(machine).map(|s| s.address).ok_or("the machine is off")?;
    if !site.cluster.members.iter().any(|m| m.name == name) {
        if site.has_quorum() {
            return Err("there is a cluster already; a second one is not simulated".to_owned());
        }
        site.cluster = super::super::cluster::Cluster::default();
        site.cluster.add_member(&name, address);
    }
    become_node(site, machine, Role::ControlPlane)?;
    site.settle();
    reach(site, machine, text(&cluster["controlPlaneEndpoint"]))?;
    register(site, machine, Role::ControlPlane, text(&cluster["kubernetesVersion"]));
    site.cluster.furnish(text(&init["certificateKey"]));
    let token = text(&init["bootstrapTokens"][0]["token"]).to_owned();
    put_token(site, &token);
    Ok(())
}

fn put_token(site: &mut Site, token: &str) {
    if let Some((id, secret)) = token.split_once('.') {
        let path = format!("/api/v1/namespaces/kube-system/secrets/bootstrap-token-{id}");
        let secret = serde_json::json!({
            "metadata": {"name": format!("bootstrap-token-{id}"), "namespace": "kube-system"},
            "stringData": {"token-id": id, "token-secret": secret},
        });
        site.cluster.objects.merge(&path, &secret, "kubeadm");
    }
}

fn join(site: &mut Site, machine: &str, config: &[Value]) -> Result<(), String> {
    let join = kind(config, "JoinConfiguration")?;
    preflight(site, machine)?;
    let discovery = &join["discovery"]["bootstrapToken"];
    reach(site, machine, text(&discovery["apiServerEndpoint"]))?;
    check_token(site, text(&discovery["token"]))?;
    let pins = discovery["caCertHashes"].as_array().into_iter().flatten();
    if !pins.map(text).any(|pin| Some(pin) == pin_of_ca().as_deref()) {
        return Err("none of the public keys were pinned".to_owned());
    }
    let name = text(&join["nodeRegistration"]["name"]).to_owned();
    let ready = site
        .cluster
        .objects
        .get(&format!("/api/v1/nodes/{name}"))
        .is_some_and(|n| n["status"]["conditions"][0]["status"] == "True");
    if ready {
        return Err(format!("a Node with name {name:?} and status \"Ready\" already exists in the cluster"));
    }
    let role = if join["controlPlane"].is_object() { Role::ControlPlane } else { Role::Worker };
    if role == Role::ControlPlane {
        if text(&join["controlPlane"]["certificateKey"]) != site.cluster.certificate_key {
            return Err("error downloading certs: error decrypting secret with the given key".to_owned());
        }
        let address = site.machines.get(machine).map(|s| s.address).ok_or("the machine is off")?;
        site.cluster.add_member(&name, address);
    }
    become_node(site, machine, role)?;
    site.settle();
    let version = site.machines.get(machine).and_then(|s| s.files.text("/var/lib/ha-mesh/kubernetes-version"));
    register(site, machine, role, version.unwrap_or_default().trim());
    Ok(())
}

fn check_token(site: &Site, token: &str) -> Result<(), String> {
    let (id, secret) = token.split_once('.').ok_or("the token has no dot")?;
    let held = site.cluster.objects.get(&format!("/api/v1/namespaces/kube-system/secrets/bootstrap-token-{id}"));
    let right = held.is_some_and(|h| text(&h["data"]["token-secret"]) == STANDARD.encode(secret));
    if right {
        Ok(())
    } else {
        Err("could not find a JWS signature for the token ID in cluster-info: token is unknown or expired".to_owned())
    }
}

/// `sha256:` of the CA's public key.
fn pin_of_ca() -> Option<String> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(CA.as_bytes()).ok()?;
    let certificate = pem.parse_x509().ok()?;
    Some(format!("sha256:{}", Digest::of(certificate.tbs_certificate.subject_pki.raw)))
}

fn reach(site: &Site, machine: &str, endpoint: &str) -> Result<(), String> {
    let at: SocketAddr = endpoint.parse().map_err(|_| format!("the endpoint {endpoint:?} is not an address"))?;
    let served = site.machine_at(machine, at.ip()).is_some_and(|m| site.api_behind(&m.name).is_some());
    if served {
        Ok(())
    } else {
        Err(format!("could not reach the API server at {endpoint}: context deadline exceeded"))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    ControlPlane,
    Worker,
}

/// The files, and a kubelet that finds its configuration.
fn become_node(site: &mut Site, machine: &str, role: Role) -> Result<(), String> {
    let state = site.machines.get_mut(machine).ok_or("the machine is off")?;
    let mut files = vec![
        ("/etc/kubernetes/kubelet.conf", kubeconfig()),
        ("/etc/kubernetes/pki/ca.crt", CA.to_owned()),
        ("/var/lib/kubelet/config.yaml", "kind: KubeletConfiguration\n".to_owned()),
    ];
    if role == Role::ControlPlane {
        for name in ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "etcd"] {
            let pod = format!("kind: Pod\nspec:\n  containers:\n  - name: {name}\n    image: registry.k8s.io/{name}\n");
            state.files.write(&format!("/etc/kubernetes/manifests/{name}.yaml"), &pod);
        }
        files.extend([
            ("/etc/kubernetes/admin.conf", kubeconfig()),
            ("/etc/kubernetes/pki/ca.key", "key".to_owned()),
            ("/etc/kubernetes/pki/etcd/ca.crt", CA.to_owned()),
            ("/etc/kubernetes/pki/etcd/healthcheck-client.crt", "certificate".to_owned()),
            ("/etc/kubernetes/pki/etcd/healthcheck-client.key", "key".to_owned()),
            ("/var/lib/etcd/member/snap/db", "data".to_owned()),
        ]);
    }
    files.iter().for_each(|(path, text)| state.files.write(path, text));
    state.control(KUBELET, UnitVerb::Start).map_err(|e| e.to_string())
}

const KUBELET: &str = "kubelet.service";

fn register(site: &mut Site, machine: &str, role: Role, version: &str) {
    let Site { machines, cluster, .. } = site;
    if let Some(state) = machines.get(machine) {
        cluster.register(state, role == Role::ControlPlane, version);
    }
}

fn kubeconfig() -> String {
    let (ca, certificate, key) = (STANDARD.encode(CA), STANDARD.encode("certificate"), STANDARD.encode("key"));
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: {ca}\n    server: https://127.0.0.1:6443\n  \
         name: kubernetes\nusers:\n- name: kubernetes-admin\n  user:\n    client-certificate-data: {certificate}\n    client-key-data: {key}\n"
    )
}

fn upload(site: &mut Site, machine: &str, config: &[Value]) -> Result<(), String> {
    let key = text(&kind(config, "InitConfiguration")?["certificateKey"]).to_owned();
    site.api_behind(machine).ok_or("the API server does not answer")?;
    site.cluster.certificate_key = key;
    Ok(())
}

fn reset(site: &mut Site, machine: &str) -> Result<(), String> {
    let quorum = site.has_quorum();
    let state = site.machines.get_mut(machine).ok_or("the machine is off")?;
    let address = state.address;
    let member = site.cluster.members.iter().find(|m| m.address == address).map(|m| m.id);
    if let Some(member) = member.filter(|_| quorum || site.cluster.members.len() == 1) {
        site.cluster.remove_member(member);
    }
    state.control(KUBELET, UnitVerb::Stop).map_err(|e| e.to_string())?;
    state.stop_control_plane();
    for folder in
        ["/etc/kubernetes/manifests", "/etc/kubernetes/pki", "/var/lib/etcd/member", "/var/lib/kubelet/config.yaml"]
    {
        state.files.remove(Path::new(folder));
    }
    for name in ["admin", "kubelet", "controller-manager", "scheduler"] {
        state.files.remove(Path::new(&format!("/etc/kubernetes/{name}.conf")));
    }
    Ok(())
}
