//! Health and metrics on loopback. Knows nothing of rules; counts what others counted.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use ha_transport::Counters;

use crate::mesh::SharedMesh;
use crate::store::Role;

#[derive(Clone)]
struct Shown {
    mesh: SharedMesh,
    counters: Arc<Counters>,
}

/// Serves `/healthz` and `/metrics`.
pub async fn serve(address: SocketAddr, mesh: SharedMesh, counters: Arc<Counters>) -> anyhow::Result<()> {
    let shown = Shown { mesh, counters };
    let router = Router::new().route("/healthz", get(health)).route("/metrics", get(metrics)).with_state(shown);
    let listener = tokio::net::TcpListener::bind(address).await?;
    Ok(axum::serve(listener, router).await?)
}

/// 200 while a leader is known and this replica votes, else 503 with the reason.
async fn health(State(shown): State<Shown>) -> (StatusCode, String) {
    let leader = shown.mesh.store.leadership().borrow().leader.clone();
    let id = shown.mesh.store.id();
    let votes = shown.mesh.store.members().iter().any(|m| m.id == id && m.role == Role::Voter);
    if shown.mesh.peek(|s| s.coordinators.get(&id).is_some_and(|c| c.removed)) {
        let out = "this replica has left the group and is of no use: `apt purge ha-coordinator` ends it\n";
        return (StatusCode::SERVICE_UNAVAILABLE, out.to_owned());
    }
    match (leader, votes) {
        (Some(leader), true) => (StatusCode::OK, format!("ok, leader {}\n", leader.address)),
        (None, _) => (StatusCode::SERVICE_UNAVAILABLE, "no leader is known\n".to_owned()),
        (Some(_), false) => (StatusCode::SERVICE_UNAVAILABLE, "this replica does not vote yet\n".to_owned()),
    }
}

async fn metrics(State(shown): State<Shown>) -> String {
    let mesh = &shown.mesh;
    let leadership = mesh.store.leadership().borrow().clone();
    let (index, machines, steps) =
        mesh.peek(|s| (s.index, s.machines.len(), s.journal.values().filter(|r| r.status.in_flight()).count()));
    let gauges = [
        ("ha_coordinator_leader", u64::from(leadership.is_me)),
        ("ha_coordinator_term", leadership.term),
        ("ha_coordinator_applied_index", index),
        ("ha_coordinator_members", mesh.store.members().len() as u64),
        ("ha_coordinator_voters_changing", u64::from(mesh.store.is_changing_voters())),
        ("ha_coordinator_machines", machines as u64),
        ("ha_coordinator_steps_in_flight", steps as u64),
        ("ha_coordinator_sessions", mesh.hub.sessions() as u64),
        ("ha_coordinator_connections", mesh.connections.count() as u64),
        ("ha_coordinator_calls_refused", mesh.hub.refusals()),
    ];
    let mut text: String =
        gauges.iter().map(|(name, value)| format!("# TYPE {name} gauge\n{name} {value}\n")).collect();
    for (reason, count) in shown.counters.all_refused() {
        text.push_str(&format!("ha_coordinator_connections_refused{{reason=\"{}\"}} {count}\n", reason.label()));
    }
    text
}
