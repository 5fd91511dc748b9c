//! etcd's own API on this control plane: members, leader, removal. HTTPS with kubeadm's health check certificate; no program
//! is started for it.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ha_transport::Secret;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{ActError, Context};
use crate::host::{HttpRequest, Tls};

/// Where kubeadm keeps etcd's certificates.
pub(super) const PKI: &str = "/etc/kubernetes/pki/etcd";
const LOCAL: &str = "https://127.0.0.1:2379";
const TIMEOUT: Duration = Duration::from_secs(10);

/// etcd, with what is needed to speak to it.
pub(super) struct Etcd<'c> {
    cx: &'c Context<'c>,
    ca: Vec<u8>,
    certificate: Vec<u8>,
    key: Secret<Vec<u8>>,
}

/// A member of the cluster. Ids are decimal text: JSON numbers are too small for them.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
pub(super) struct Member {
    /// Its id.
    #[serde(rename = "ID")]
    pub id: String,
    /// Node name; empty while it has not started.
    pub name: String,
    /// Where other members reach it.
    #[serde(rename = "peerURLs")]
    pub peer_urls: Vec<String>,
    /// Where clients reach it.
    #[serde(rename = "clientURLs")]
    pub client_urls: Vec<String>,
    /// It does not vote yet.
    pub is_learner: bool,
}

impl Member {
    /// Whether this is the member of that node at that address: both have to fit.
    pub(super) fn is(&self, name: &str, address: IpAddr) -> bool {
        let peer = SocketAddr::new(address, 2380);
        let at = self.peer_urls.iter().any(|url| *url == format!("https://{peer}"));
        // A member that never started has no name; its address is all there is.
        at && (self.name == name || self.name.is_empty())
    }
}

impl<'c> Etcd<'c> {
    /// etcd of this machine.
    ///
    /// # Errors
    /// It is no control plane with an etcd of its own.
    pub(super) async fn here(cx: &'c Context<'c>) -> Result<Self, ActError> {
        let read = async |name: &str| {
            let path = Path::new(PKI).join(name);
            cx.host.read(&path).await?.ok_or_else(|| {
                ActError::Refused(format!("{} is not there: only a control plane can do this", path.display()))
            })
        };
        let ca = read("ca.crt").await?;
        let certificate = read("healthcheck-client.crt").await?;
        Ok(Self { cx, ca, certificate, key: Secret::new(read("healthcheck-client.key").await?) })
    }

    /// All members, as a quorum knows them.
    pub(super) async fn members(&self) -> Result<Vec<Member>, ActError> {
        let answer = self.ask(LOCAL, "cluster/member/list", &json!({})).await?;
        serde_json::from_value(answer["members"].clone())
            .map_err(|e| ActError::Refused(format!("etcd's list of members: {e}")))
    }

    /// The leader's id.
    pub(super) async fn leader(&self) -> Result<String, ActError> {
        let answer = self.ask(LOCAL, "maintenance/status", &json!({})).await?;
        Ok(answer["leader"].as_str().unwrap_or_default().to_owned())
    }

    /// Whether a member serves.
    pub(super) async fn is_healthy(&self, member: &Member) -> bool {
        let Some(url) = member.client_urls.first() else { return false };
        self.ask(url, "maintenance/status", &json!({}))
            .await
            .is_ok_and(|s| s["errors"].as_array().is_none_or(Vec::is_empty))
    }

    /// Makes `to` the leader; only the leader itself can be asked for that.
    pub(super) async fn move_leader(&self, leader: &Member, to: &Member) -> Result<(), ActError> {
        let url = leader.client_urls.first().map_or(LOCAL, String::as_str);
        self.ask(url, "maintenance/transfer-leadership", &json!({"targetID": to.id})).await.map(drop)
    }

    /// Takes a member out.
    pub(super) async fn remove(&self, member: &Member) -> Result<(), ActError> {
        self.ask(LOCAL, "cluster/member/remove", &json!({"ID": member.id})).await.map(drop)
    }

    async fn ask(&self, at: &str, what: &str, body: &Value) -> Result<Value, ActError> {
        let request = HttpRequest {
            method: "POST",
            url: &format!("{at}/v3/{what}"),
            connect: None,
            headers: vec![("content-type", "application/json".to_owned())],
            body: body.to_string().into_bytes(),
            tls: Tls { ca_pem: Some(&self.ca), client: Some((&self.certificate, self.key.expose())) },
            timeout: TIMEOUT,
        };
        let answer = self.cx.host.http(request).await?;
        let said: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match answer.status {
            200 => Ok(said),
            status => {
                let why = said["message"].as_str().unwrap_or("no reason given").to_owned();
                Err(ActError::Refused(format!("etcd answers {status} to {what}: {why}")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(name: &str, peer: &str) -> Member {
        Member { id: "1".to_owned(), name: name.to_owned(), peer_urls: vec![peer.to_owned()], ..Member::default() }
    }

    #[test]
    fn a_member_is_known_by_name_and_address_together() {
        let address = IpAddr::from([10, 0, 0, 21]);
        assert!(member("m1", "https://10.0.0.21:2380").is("m1", address));
        assert!(!member("m1", "https://10.0.0.22:2380").is("m1", address), "the name came back elsewhere");
        assert!(!member("m2", "https://10.0.0.21:2380").is("m1", address), "the address belongs to another now");
        assert!(member("", "https://10.0.0.21:2380").is("m1", address), "a learner that never started has no name");
    }

    #[test]
    fn a_list_of_members_is_read_as_the_gateway_writes_it() {
        let text = r#"{"ID":"10276657743932975437","name":"m1","peerURLs":["https://10.0.0.21:2380"],"clientURLs":["https://10.0.0.21:2379"]}"#;
        let member: Member = serde_json::from_str(text).unwrap();
        assert_eq!((member.id.as_str(), member.is_learner), ("10276657743932975437", false));
    }
}
