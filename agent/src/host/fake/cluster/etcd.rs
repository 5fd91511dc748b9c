//! etcd's JSON gateway: members, status, leadership, removal.

use serde_json::{Value, json};

use super::super::network::answer;
use super::super::world::Site;
use super::Member;
use crate::host::HttpResponse;

impl Site {
    /// Answers at the member of `machine`.
    pub(in super::super) fn etcd(&mut self, machine: &str, path: &str, body: &[u8]) -> HttpResponse {
        let body: Value = serde_json::from_slice(body).unwrap_or(Value::Null);
        let id = |key: &str| body[key].as_str().and_then(|id| id.parse::<u64>().ok()).unwrap_or(0);
        let quorum = self.has_quorum();
        match path {
            "/v3/maintenance/status" => {
                let errors: &[&str] = if quorum { &[] } else { &["etcdserver: no leader"] };
                let leader = if quorum { self.cluster.leader } else { 0 };
                answer(200, &json!({"leader": leader.to_string(), "dbSize": "2097152", "errors": errors}).to_string())
            }
            _ if !quorum => answer(503, "{\"message\":\"etcdserver: request timed out\"}"),
            "/v3/cluster/member/list" => {
                let members: Vec<Value> = self.cluster.members.iter().map(member).collect();
                answer(200, &json!({"members": members}).to_string())
            }
            "/v3/cluster/member/remove" if self.cluster.remove_member(id("ID")) => answer(200, "{}"),
            "/v3/cluster/member/remove" => answer(404, "{\"message\":\"etcdserver: member not found\"}"),
            "/v3/maintenance/transfer-leadership" => self.move_leader(machine, id("targetID")),
            other => answer(404, &format!("{{\"message\":\"the simulated etcd does not know {other}\"}}")),
        }
    }

    fn move_leader(&mut self, machine: &str, to: u64) -> HttpResponse {
        let here = self.cluster.members.iter().find(|m| m.name == machine).map(|m| m.id);
        if here != Some(self.cluster.leader) {
            return answer(400, "{\"message\":\"etcdserver: not leader\"}");
        }
        if self.cluster.members.iter().any(|m| m.id == to) {
            self.cluster.leader = to;
        }
        answer(200, "{}")
    }

    /// A leader that fell is replaced by one that runs.
    pub(in super::super) fn elect_etcd_leader(&mut self) {
        let runs: Vec<u64> = self.cluster.members.iter().filter(|m| self.runs_member(m)).map(|m| m.id).collect();
        if !runs.contains(&self.cluster.leader)
            && let Some(next) = runs.first()
        {
            self.cluster.leader = *next;
        }
    }
}

fn member(member: &Member) -> Value {
    let (name, address) = (&member.name, member.address);
    let peer = std::net::SocketAddr::new(address, 2380);
    let client = std::net::SocketAddr::new(address, 2379);
    json!({
        "ID": member.id.to_string(), "name": name,
        "peerURLs": [format!("https://{peer}")], "clientURLs": [format!("https://{client}")],
    })
}
