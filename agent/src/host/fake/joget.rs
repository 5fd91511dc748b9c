//! The simulated Joget, as it is seen through the ingress: setup, login, forms.
//!
//! Serves only while its database does.

use super::cluster;
use super::network::answer;
use super::world::Site;
use crate::host::{HttpRequest, HttpResponse};

/// The data source that the setup was given.
#[derive(Debug, Clone, Default)]
pub(super) struct Joget {
    source: Option<Source>,
}

#[derive(Debug, Clone)]
struct Source {
    host: String,
    schema: String,
    user: String,
    password: String,
}

impl Joget {
    pub(super) fn is_set_up(&self) -> bool {
        self.source.is_some()
    }
}

const COOKIE: &str = "JSESSIONID=simulated";

impl Site {
    /// Answers on port 80 or 443 of `machine`.
    pub(super) fn site_page(
        &mut self,
        machine: &str,
        request: &HttpRequest<'_>,
        path: &str,
    ) -> Result<HttpResponse, String> {
        let worker = self.ingress_behind(machine);
        let Some(worker) = worker else {
            let balanced = self.machines.get(machine).is_some_and(|s| s.is_active("haproxy"));
            return if balanced {
                Ok(answer(503, "no server is available"))
            } else {
                Err("connection refused".to_owned())
            };
        };
        if self.cluster.objects.get("/apis/networking.k8s.io/v1/namespaces/joget/ingresses/joget").is_none() {
            return Ok(answer(404, "404 page not found"));
        }
        let pods = self.cluster.objects.list("/api/v1/namespaces/joget/pods");
        if !pods.iter().any(|p| p["status"]["phase"] == "Running") {
            return Ok(answer(503, "no available server"));
        }
        Ok(self.joget_page(&worker, request, path))
    }

    fn joget_page(&mut self, worker: &str, request: &HttpRequest<'_>, path: &str) -> HttpResponse {
        let fields = fields(&request.body);
        let source = self.joget.source.clone();
        let serves = source.as_ref().is_some_and(|s| self.schema(worker, s).is_some());
        match (request.method, path) {
            (_, "/jw/setup" | "/jw/setup/init") if source.is_some() => answer(403, "set up already"),
            ("GET", "/jw/setup") => answer(200, "setup"),
            ("POST", "/jw/setup/init") => self.set_up(worker, &fields),
            ("GET", _) if source.is_none() || serves => answer(200, "a page"),
            ("GET", _) => answer(500, "the database is away"),
            ("POST", "/jw/j_spring_security_check") => self.log_in(&fields),
            ("POST", _) if serves && request.headers.iter().any(|(n, v)| *n == "cookie" && v.contains(COOKIE)) => {
                let values = fields.into_iter().map(|(_, value)| value);
                if let Some(schema) = source.and_then(|s| self.schema(worker, &s)) {
                    schema.values.extend(values);
                }
                answer(200, "saved")
            }
            _ => answer(403, "forbidden"),
        }
    }

    fn set_up(&mut self, worker: &str, fields: &[(String, String)]) -> HttpResponse {
        let field = |name: &str| fields.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone()).unwrap_or_default();
        let host = field("jdbcUrl").split("//").nth(1).and_then(|h| h.split(['/', '?']).next().map(str::to_owned));
        let host = host.as_deref().and_then(|h| h.rsplit_once(':')).map(|(h, _)| h.to_owned()).unwrap_or_default();
        let source = Source { host, schema: field("dbName"), user: field("jdbcUser"), password: field("jdbcPassword") };
        let Some(schema) = self.schema(worker, &source) else {
            return answer(200, "{\"result\":\"false\",\"message\":\"Unable to connect to database\"}");
        };
        for (table, rows) in [("dir_role", 2), ("dir_user", 1), ("app_app", 0)] {
            schema.tables.entry(table.to_owned()).or_insert(rows);
        }
        self.joget.source = Some(source);
        answer(200, "{\"result\":\"true\"}")
    }

    /// The schema of a data source, where a pod on this worker reaches it and is let in.
    fn schema(&mut self, worker: &str, source: &Source) -> Option<&mut super::database::Schema> {
        let address = source.host.trim_matches(['[', ']']).parse().ok()?;
        let machine = self.machine_at(worker, address)?.name.clone();
        let state = self.machines.get_mut(&machine)?;
        let runs = state.database.as_ref().is_some_and(|s| state.is_active(s.unit));
        let server =
            state.database.as_mut().filter(|s| runs && s.admits(&source.user, &source.password, &source.schema))?;
        server.schemas.get_mut(&source.schema)
    }

    fn log_in(&self, fields: &[(String, String)]) -> HttpResponse {
        use base64::Engine;
        let secret = self.cluster.objects.get("/api/v1/namespaces/joget/secrets/joget-admin");
        let wanted = secret.and_then(|s| s["data"]["password"].as_str()).unwrap_or_default();
        let given = fields.iter().find(|(n, _)| n == "j_password").map(|(_, v)| v.as_str()).unwrap_or_default();
        let right = wanted == base64::engine::general_purpose::STANDARD.encode(given);
        let to = if right { "/jw/web/console/home" } else { "/jw/web/login?login_error=1" };
        let cookie = right.then(|| ("set-cookie".to_owned(), format!("{COOKIE}; Path=/jw; HttpOnly")));
        let headers = [("location".to_owned(), to.to_owned())].into_iter().chain(cookie).collect();
        HttpResponse { status: 302, headers, body: Vec::new() }
    }
}

/// A form as a browser sends it.
fn fields(body: &[u8]) -> Vec<(String, String)> {
    let text = String::from_utf8_lossy(body).into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    pairs.map(|(name, value)| (cluster::decoded(name), cluster::decoded(value))).collect()
}
