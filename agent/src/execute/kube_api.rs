//! Kubernetes' API on this control plane, over HTTPS with the administrator's certificate of `admin.conf`.
//!
//! Speaks to the API server of its own machine, never through the VIP: what it is told is so although balancers are down.
//! No program is started for it, so a probe costs a millisecond and a secret never leaves this process.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ha_transport::Secret;
use serde::Deserialize;
use serde_json::Value;

use super::kube_object;
use super::{ActError, Context};
use crate::host::{HostError, HttpRequest, HttpResponse, Tls};

/// The administrator's kubeconfig that kubeadm writes.
pub const ADMIN: &str = "/etc/kubernetes/admin.conf";
/// Where the local API server listens.
pub const LOCAL: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 6443);
/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(20);
/// How long a change is tried while the API server is busy, restarts or has lost its etcd leader.
const PATIENCE: Duration = Duration::from_secs(40);

/// The API, with what is needed to speak to it.
pub struct KubeApi<'c> {
    cx: &'c Context<'c>,
    admin: Admin,
    at: SocketAddr,
}

/// What `admin.conf` holds.
struct Admin {
    ca: Vec<u8>,
    certificate: Vec<u8>,
    key: Secret<Vec<u8>>,
}

impl<'c> KubeApi<'c> {
    /// The API of this machine; `None` where it is no control plane.
    pub async fn of(cx: &'c Context<'c>) -> Result<Option<Self>, ActError> {
        let Some(text) = cx.host.read(Path::new(ADMIN)).await? else { return Ok(None) };
        Ok(Some(Self { cx, admin: Admin::parse(&text)?, at: LOCAL }))
    }

    /// The API at another address: for a machine whose own API server is not up yet.
    pub fn at(self, at: SocketAddr) -> Self {
        Self { at, ..self }
    }

    /// The API of this machine.
    ///
    /// # Errors
    /// It is no control plane.
    pub async fn here(cx: &'c Context<'c>) -> Result<Self, ActError> {
        Self::of(cx).await?.ok_or_else(|| {
            ActError::Refused(format!("{ADMIN} is not there: only a control plane can do this, choose one that works"))
        })
    }

    /// Whether the API server says that it can serve.
    pub async fn is_ready(&self) -> Result<Result<(), String>, ActError> {
        Ok(match self.ask("GET", "/readyz", None).await {
            Ok(answer) if answer.status == 200 => Ok(()),
            Ok(answer) => Err(format!("the API server is not ready: {}", failed_checks(&answer))),
            Err(error) => Err(format!("the API server does not answer: {error}")),
        })
    }

    /// Whether whoever listens there says nothing at all within `limit`. Without etcd it is slow to answer some questions, and
    /// lives: it is not asked about etcd.
    pub async fn is_silent(&self, limit: Duration) -> bool {
        match tokio::time::timeout(limit, self.ask("GET", "/livez?exclude=etcd", None)).await {
            Err(_) => true,
            Ok(Err(ActError::Host(error))) => error.is_silence(),
            Ok(_) => false,
        }
    }

    /// The object or list at `path`; `None` when there is none.
    pub async fn get(&self, path: &str) -> Result<Option<Value>, ActError> {
        let answer = self.ask("GET", path, None).await?;
        match answer.status {
            200 => json(&answer, path).map(Some),
            404 => Ok(None),
            _ => Err(refused("read", path, &answer)),
        }
    }

    /// Makes the object as it is here, field by field (server-side apply). Gives back what is there now.
    pub async fn apply(&self, object: &Value) -> Result<Value, ActError> {
        let path = format!("{}?fieldManager=ha-mesh&force=true", kube_object::path(object)?);
        self.change("PATCH", &path, ("application/apply-patch+yaml", object)).await
    }

    /// Changes the fields that `patch` names.
    pub async fn merge(&self, path: &str, patch: &Value) -> Result<Value, ActError> {
        self.change("PATCH", path, ("application/merge-patch+json", patch)).await
    }

    /// Posts to a subresource. Gives back the answer, whatever it says.
    pub async fn post(&self, path: &str, body: &Value) -> Result<HttpResponse, ActError> {
        self.ask("POST", path, Some(("application/json", body))).await
    }

    /// Deletes; absent is fine.
    pub async fn delete(&self, path: &str) -> Result<(), ActError> {
        let answer = self.insist("DELETE", path, None).await?;
        match answer.status {
            200 | 202 | 404 => Ok(()),
            _ => Err(refused("delete", path, &answer)),
        }
    }

    async fn change(&self, method: &'static str, path: &str, body: (&str, &Value)) -> Result<Value, ActError> {
        let answer = self.insist(method, path, Some(body)).await?;
        match answer.status {
            200 | 201 => json(&answer, path),
            _ => Err(refused("change", path, &answer)),
        }
    }

    /// Asks until the answer is the API's own word: it restarts while control planes join.
    async fn insist(
        &self,
        method: &'static str,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> Result<HttpResponse, ActError> {
        let begun = Instant::now();
        loop {
            let answer = self.ask(method, path, body).await;
            let passing = match &answer {
                Ok(answer) => matches!(answer.status, 429 | 500 | 502 | 503 | 504),
                Err(ActError::Host(HostError::Http { .. })) => true,
                Err(_) => false,
            };
            if !passing || begun.elapsed() > PATIENCE {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(300)).await;
        }
    }

    async fn ask(
        &self,
        method: &'static str,
        path: &str,
        body: Option<(&str, &Value)>,
    ) -> Result<HttpResponse, ActError> {
        let headers = body.iter().map(|(kind, _)| ("content-type", (*kind).to_owned()));
        let headers = headers.chain([("accept", "application/json".to_owned())]).collect();
        let request = HttpRequest {
            method,
            // Every API server's certificate carries this name.
            url: &format!("https://kubernetes:6443{path}"),
            connect: Some(self.at),
            headers,
            body: body.map(|(_, value)| value.to_string().into_bytes()).unwrap_or_default(),
            tls: Tls { ca_pem: Some(&self.admin.ca), client: Some((&self.admin.certificate, self.admin.key.expose())) },
            timeout: TIMEOUT,
        };
        Ok(self.cx.host.http(request).await?)
    }
}

#[derive(Deserialize)]
struct Kubeconfig {
    clusters: Vec<NamedCluster>,
    users: Vec<NamedUser>,
}

#[derive(Deserialize)]
struct NamedCluster {
    cluster: Cluster,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Cluster {
    certificate_authority_data: String,
}

#[derive(Deserialize)]
struct NamedUser {
    user: User,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct User {
    client_certificate_data: String,
    client_key_data: String,
}

impl Admin {
    fn parse(text: &[u8]) -> Result<Self, ActError> {
        let damaged = |why: &str| {
            ActError::Refused(format!(
                "{ADMIN} is damaged ({why}); `kubeadm init phase kubeconfig admin` makes it anew"
            ))
        };
        let text = std::str::from_utf8(text).map_err(|_| damaged("no text"))?;
        // The parser's own message would quote the file, which holds a key.
        let config: Kubeconfig = serde_saphyr::from_str(text).map_err(|_| damaged("not a kubeconfig"))?;
        let (Some(cluster), Some(user)) = (config.clusters.first(), config.users.first()) else {
            return Err(damaged("no cluster or user"));
        };
        let pem = |data: &str| STANDARD.decode(data).map_err(|_| damaged("bad base64"));
        Ok(Self {
            ca: pem(&cluster.cluster.certificate_authority_data)?,
            certificate: pem(&user.user.client_certificate_data)?,
            key: Secret::new(pem(&user.user.client_key_data)?),
        })
    }
}

fn json(answer: &HttpResponse, path: &str) -> Result<Value, ActError> {
    serde_json::from_slice(&answer.body)
        .map_err(|e| ActError::Refused(format!("the API server's answer to {} is no JSON: {e}", without_query(path))))
}

/// The API's own words, which never repeat a secret's data.
pub fn said(answer: &HttpResponse) -> String {
    let status: Option<Value> = serde_json::from_slice(&answer.body).ok();
    let message = status.as_ref().and_then(|s| s["message"].as_str()).map(str::to_owned);
    message.unwrap_or_else(|| String::from_utf8_lossy(&answer.body).chars().take(300).collect())
}

fn refused(doing: &str, path: &str, answer: &HttpResponse) -> ActError {
    let what = without_query(path);
    ActError::Refused(format!("{doing} {what}: the API server answers {}: {}", answer.status, said(answer)))
}

fn without_query(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}

/// `[-]etcd failed: reason withheld` and the like out of the verbose answer.
fn failed_checks(answer: &HttpResponse) -> String {
    let text = String::from_utf8_lossy(&answer.body);
    let failed: Vec<&str> = text.lines().filter(|line| line.starts_with("[-]")).collect();
    if failed.is_empty() { format!("status {}", answer.status) } else { failed.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = "apiVersion: v1\nkind: Config\nclusters:\n- cluster:\n    certificate-authority-data: Q0E=\n    \
        server: https://10.0.0.10:6443\n  name: kubernetes\nusers:\n- name: kubernetes-admin\n  user:\n    \
        client-certificate-data: Q0VSVA==\n    client-key-data: S0VZ\n";

    #[test]
    fn the_administrators_certificate_is_found_in_a_kubeconfig() {
        let admin = Admin::parse(CONFIG.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!((admin.ca.as_slice(), admin.certificate.as_slice()), (&b"CA"[..], &b"CERT"[..]));
        assert_eq!(admin.key.expose().as_slice(), b"KEY");
    }

    #[test]
    fn a_damaged_kubeconfig_is_refused_without_a_word_of_its_key() {
        let broken = CONFIG.replace("certificate-authority-data: Q0E=", "certificate-authority-data: [S0VZ");
        let error = Admin::parse(broken.as_bytes()).err().map(|e| e.to_string()).unwrap_or_default();
        assert!(error.contains("damaged") && !error.contains("S0VZ"), "{error}");
    }

    #[test]
    fn what_is_not_ready_is_named() {
        let body = b"[+]ping ok\n[-]etcd failed: reason withheld\nreadyz check failed".to_vec();
        let answer = HttpResponse { status: 500, body, ..HttpResponse::default() };
        assert_eq!(failed_checks(&answer), "[-]etcd failed: reason withheld");
    }
}
