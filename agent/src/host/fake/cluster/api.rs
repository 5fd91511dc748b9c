//! The API server's HTTP: read, list, apply, merge, delete, evict.
//!
//! Knows nothing of who asks; whoever reaches it may do all.

use ha_domain::id::Time;
use serde_json::{Value, json};

use super::super::network::answer;
use super::super::world::Site;
use super::selector;
use crate::host::{HttpRequest, HttpResponse};

impl Site {
    pub(in super::super) fn api(&mut self, request: &HttpRequest<'_>, path: &str, _: Time) -> HttpResponse {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        if path == "/readyz" {
            return answer(200, "ok");
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or(Value::Null);
        let response = match request.method {
            "GET" => self.read(path, query),
            "PATCH" => self.patch(request, path, query, &body),
            "DELETE" => self.delete(path),
            "POST" if path.ends_with("/eviction") => self.evict(path.trim_end_matches("/eviction")),
            other => status(405, &format!("the simulated API does not know {other} {path}")),
        };
        if request.method != "GET" {
            self.settle();
        }
        response
    }

    fn read(&self, path: &str, query: &str) -> HttpResponse {
        if let Some(object) = self.cluster.objects.get(path) {
            return answer(200, &object.to_string());
        }
        let name = path.rsplit('/').next().unwrap_or_default();
        // A collection's name is plural; no object that actions ask for is called like one.
        let plural = ["nodes", "pods", "secrets", "configmaps", "daemonsets", "deployments", "services", "ingresses"];
        if !plural.contains(&name) {
            return status(404, &format!("{name} not found"));
        }
        let items: Vec<&Value> =
            self.cluster.objects.list(path).into_iter().filter(|o| selector::fits(o, query)).collect();
        answer(200, &json!({"kind": "List", "items": items}).to_string())
    }

    fn patch(&mut self, request: &HttpRequest<'_>, path: &str, query: &str, body: &Value) -> HttpResponse {
        let kind = request.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case("content-type"));
        let there = self.cluster.objects.get(path).map(|o| o["metadata"]["uid"].clone());
        if let (Some(wanted), Some(found)) = (body["metadata"].get("uid"), &there)
            && wanted != found
        {
            return status(409, "the uid is that of another object");
        }
        let object = match kind.map(|(_, kind)| kind.as_str()) {
            Some("application/apply-patch+yaml") => {
                let manager = query.split('&').find_map(|p| p.strip_prefix("fieldManager=")).unwrap_or("unknown");
                self.cluster.objects.apply(path, body, manager)
            }
            Some("application/merge-patch+json") if there.is_some() => {
                self.cluster.objects.merge(path, body, "").clone()
            }
            Some("application/merge-patch+json") => return status(404, "not found"),
            other => return status(415, &format!("the simulated API does not know {other:?}")),
        };
        answer(if there.is_some() { 200 } else { 201 }, &object.to_string())
    }

    fn delete(&mut self, path: &str) -> HttpResponse {
        match self.cluster.objects.remove(path) {
            Some(object) => answer(200, &object.to_string()),
            None => status(404, "not found"),
        }
    }

    /// A budget allows one pod at a time to be away.
    fn evict(&mut self, path: &str) -> HttpResponse {
        let Some(pod) = self.cluster.objects.get(path) else { return status(404, "not found") };
        let (namespace, app) = (pod["metadata"]["namespace"].clone(), pod["metadata"]["labels"]["app"].clone());
        let (namespace, app) = (namespace.as_str().unwrap_or_default(), app.as_str().unwrap_or_default());
        let budget = format!("/apis/policy/v1/namespaces/{namespace}/poddisruptionbudgets/{app}");
        let others = self.cluster.objects.list(&format!("/api/v1/namespaces/{namespace}/pods"));
        let away = others
            .iter()
            .filter(|p| p["metadata"]["labels"]["app"] == app && p["status"]["phase"] != "Running")
            .count();
        if self.cluster.objects.get(&budget).is_some() && away > 0 {
            return status(429, &format!("Cannot evict pod as it would violate the pod's disruption budget {app}"));
        }
        self.cluster.objects.remove(path);
        answer(201, "{}")
    }
}

fn status(code: u16, message: &str) -> HttpResponse {
    answer(code, &json!({"kind": "Status", "code": code, "message": message}).to_string())
}
