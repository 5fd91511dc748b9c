//! Kubernetes as this machine sees it. What cannot be asked is absent, never "no".

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ha_domain::report::{EtcdMember, EtcdReport, KubernetesReport, NodeStatus, PodStatus};
use ha_domain::step::{Action, Component};
use serde_json::Value;

use super::looking;
use crate::execute::kube_api::KubeApi;
use crate::execute::{Context, etcd_snapshots, out_of_service};
use crate::host::{HttpRequest, Tls};
use crate::machine::Machine;

/// kubelet's local health page.
const KUBELET: &str = "http://127.0.0.1:10248/healthz";
/// Where etcd keeps certificates that may ask it.
const PKI: &str = "/etc/kubernetes/pki/etcd";

/// Looks where this machine is a node.
pub(super) async fn look(machine: &Machine) {
    let wanted = machine.wanted.all();
    let control_plane = match wanted.get(&Component::Node) {
        Some(Action::ControlPlaneInit(_) | Action::ControlPlaneJoin(_)) => true,
        Some(Action::WorkerJoin(_)) => false,
        _ => return,
    };
    let snapshot = looking(machine, async |cx| etcd_snapshots::last(cx).await).await.ok().flatten();
    let report = looking(machine, async |cx| {
        let mut report = KubernetesReport { kubelet_healthy: Some(kubelet(cx).await), ..KubernetesReport::default() };
        if control_plane {
            cluster(cx, &mut report).await;
            report.etcd = etcd(cx).await;
        }
        report
    });
    let mut report = report.await;
    if let Some(etcd) = &mut report.etcd {
        etcd.last_snapshot = snapshot.map(|s| s.taken);
    }
    machine.see(|r| r.kubernetes = Some(report));
}

async fn kubelet(cx: &Context<'_>) -> bool {
    let request = HttpRequest {
        method: "GET",
        url: KUBELET,
        connect: None,
        headers: Vec::new(),
        body: Vec::new(),
        tls: Tls::default(),
        timeout: Duration::from_secs(2),
    };
    cx.host.http(request).await.is_ok_and(|r| r.status == 200)
}

async fn cluster(cx: &Context<'_>, report: &mut KubernetesReport) {
    let Ok(Some(api)) = KubeApi::of(cx).await else { return };
    report.api_ready = Some(matches!(api.is_ready().await, Ok(Ok(()))));
    if let Ok(Some(list)) = api.get("/api/v1/nodes").await {
        report.nodes = items(&list).filter_map(node).collect();
    }
    let ours = "/api/v1/pods?labelSelector=app%20in%20(traefik,joget)";
    if let Ok(Some(list)) = api.get(ours).await {
        report.pods = items(&list).filter_map(pod).collect();
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.get("items").and_then(Value::as_array).into_iter().flatten()
}

fn text(value: &Value, pointer: &str) -> String {
    value.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
}

fn is_ready(value: &Value) -> bool {
    let conditions = value.pointer("/status/conditions").and_then(Value::as_array);
    conditions
        .into_iter()
        .flatten()
        .any(|c| c.get("type") == Some(&"Ready".into()) && c.get("status") == Some(&"True".into()))
}

fn node(value: &Value) -> Option<(String, NodeStatus)> {
    let labels = value.pointer("/metadata/labels").and_then(Value::as_object);
    let ours = |(k, _): &(&String, &Value)| k.starts_with("node-role.kubernetes.io/") || k.starts_with("ha-mesh/");
    let labels: BTreeMap<String, String> = labels
        .into_iter()
        .flatten()
        .filter(ours)
        .map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned()))
        .collect();
    let status = NodeStatus {
        ready: is_ready(value),
        version: text(value, "/status/nodeInfo/kubeletVersion"),
        unschedulable: value.pointer("/spec/unschedulable").and_then(Value::as_bool).unwrap_or(false),
        out_of_service: out_of_service::is_out(value),
        labels,
    };
    Some((value.pointer("/metadata/name")?.as_str()?.to_owned(), status))
}

fn pod(value: &Value) -> Option<(String, PodStatus)> {
    let name = format!("{}/{}", text(value, "/metadata/namespace"), value.pointer("/metadata/name")?.as_str()?);
    let containers = value.pointer("/status/containerStatuses").and_then(Value::as_array);
    let restarts =
        containers.into_iter().flatten().filter_map(|c| c.get("restartCount").and_then(Value::as_u64)).sum::<u64>();
    let waiting = value.pointer("/status/containerStatuses/0/state/waiting/reason").and_then(Value::as_str);
    let status = PodStatus {
        app: text(value, "/metadata/labels/app"),
        node: text(value, "/spec/nodeName"),
        // A pod on its way out still counts as ready until its endpoint is gone; it is not one to rely on.
        ready: is_ready(value) && value.pointer("/metadata/deletionTimestamp").is_none(),
        phase: waiting.map_or_else(|| text(value, "/status/phase"), str::to_owned),
        restarts: u32::try_from(restarts).unwrap_or(u32::MAX),
    };
    Some((name, status))
}

/// The local member's view, through etcd's JSON gateway.
async fn etcd(cx: &Context<'_>) -> Option<EtcdReport> {
    let status = ask(cx, "/v3/maintenance/status").await?;
    let list = ask(cx, "/v3/cluster/member/list").await?;
    let mut members = BTreeMap::new();
    let mut leader = None;
    for member in list.get("members").and_then(Value::as_array).into_iter().flatten() {
        let id = text(member, "/ID");
        let name = text(member, "/name");
        if id == text(&status, "/leader") {
            leader = Some(name.clone());
        }
        let entry = EtcdMember {
            id,
            peer_url: text(member, "/peerURLs/0"),
            learner: member.get("isLearner").and_then(Value::as_bool).unwrap_or(false),
        };
        members.insert(name, entry);
    }
    let bytes: u64 = text(&status, "/dbSize").parse().unwrap_or(0);
    let healthy = leader.is_some() && status.get("errors").and_then(Value::as_array).is_none_or(Vec::is_empty);
    let alarms = status.get("errors").and_then(Value::as_array).into_iter().flatten();
    let alarms = alarms.filter_map(|a| a.as_str().map(str::to_owned)).collect();
    Some(EtcdReport { healthy, members, leader, db_mib: bytes.div_ceil(1 << 20), alarms, last_snapshot: None })
}

async fn ask(cx: &Context<'_>, path: &str) -> Option<Value> {
    let file = |name: &str| {
        let path = format!("{PKI}/{name}");
        async move { cx.host.read(Path::new(&path)).await.ok().flatten() }
    };
    let (ca, cert, key) =
        (file("ca.crt").await?, file("healthcheck-client.crt").await?, file("healthcheck-client.key").await?);
    let url = format!("https://localhost:2379{path}");
    let request = HttpRequest {
        method: "POST",
        url: &url,
        connect: Some(SocketAddr::from((Ipv4Addr::LOCALHOST, 2379))),
        headers: vec![("content-type", "application/json".to_owned())],
        body: b"{}".to_vec(),
        tls: Tls { ca_pem: Some(&ca), client: Some((&cert, &key)) },
        timeout: Duration::from_secs(2),
    };
    let answer = cx.host.http(request).await.ok().filter(|r| r.status == 200)?;
    serde_json::from_slice(&answer.body).ok()
}
