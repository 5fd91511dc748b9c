//! Fresh join secrets in the cluster: a bootstrap token, and the control plane's certificates under a fresh key.
//!
//! Both work for two hours. The token carries the number of its renewal, so a look knows which pair is in use.

use std::path::Path;

use ha_domain::step::{CredentialKind, JoinCredentials};
use serde_json::{Value, json};

use super::kube_api::KubeApi;
use super::node::{JoinSecrets, TOKEN_GROUP, kubeadm, upload_certs};
use super::{ActError, Context, Probe, distro, kubernetes, utc};
use crate::host::NewFile;
use crate::ledger::Owned;

const SECRETS: &str = "/api/v1/namespaces/kube-system/secrets";
const LABEL: &str = "ha-mesh/join-generation";
const LIFE_MS: u64 = 2 * 3_600_000;
/// A kubeconfig for kubeadm that leads to this machine's own API server, whatever the balancers do.
const KUBECONFIG: &str = "/etc/ha-mesh/kubeadm/local.conf";

pub(super) async fn probe(action: &JoinCredentials, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    let found = api.get(&format!("{SECRETS}?labelSelector={LABEL}%3D{}", action.generation)).await?.unwrap_or_default();
    let now = utc::rfc3339(cx.host.now());
    let expires = found["items"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|s| s["metadata"]["annotations"]["ha-mesh/expires"].as_str());
    // Times of this form sort like text.
    Ok(match expires.filter(|at| *at > now.as_str()).max() {
        Some(expires) => Probe::Converged(distro::facts([("expires", expires.to_owned())])),
        None => Probe::Differs(format!("there is no valid token of renewal {}", action.generation)),
    })
}

pub(super) async fn act(action: &JoinCredentials, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let secrets = JoinSecrets {
        token: cx.credential(CredentialKind::BootstrapToken)?,
        certificate_key: cx.credential(CredentialKind::CertificateKey)?,
    };
    (cx.progress)("uploading the control plane's certificates under a fresh key".to_owned());
    upload(cx, &secrets).await?;
    let expires = utc::rfc3339(cx.host.now().plus_ms(LIFE_MS));
    api.apply(&token(secrets.token, action.generation, &expires)?).await.map(drop)
}

async fn upload(cx: &Context<'_>, secrets: &JoinSecrets<'_>) -> Result<(), ActError> {
    let admin = cx.host.read(Path::new(super::kube_api::ADMIN)).await?.unwrap_or_default();
    let local = local_kubeconfig(&String::from_utf8_lossy(&admin));
    cx.ledger.own_file(cx.host, Path::new(KUBECONFIG), Owned::File).await?;
    cx.host.write(NewFile { path: Path::new(KUBECONFIG), content: local.as_bytes(), mode: 0o600 }).await?;
    let config = upload_certs(&kubernetes::installed_version(cx).await?, secrets.certificate_key);
    let args = ["init", "phase", "upload-certs", "--upload-certs", "--kubeconfig", KUBECONFIG];
    let outcome = kubeadm::run(cx, &args, &config, secrets).await;
    cx.host.remove(Path::new(KUBECONFIG)).await?;
    outcome.map(drop)
}

/// The administrator's kubeconfig with the server's address replaced; the certificate is still checked for a name it has.
fn local_kubeconfig(admin: &str) -> String {
    let line = |line: &str| match line.trim_start().strip_prefix("server:") {
        Some(_) => {
            let indent = &line[..line.len() - line.trim_start().len()];
            format!("{indent}server: https://127.0.0.1:6443\n{indent}tls-server-name: kubernetes\n")
        }
        None => format!("{line}\n"),
    };
    admin.lines().map(line).collect()
}

fn token(token: &str, generation: u64, expires: &str) -> Result<Value, ActError> {
    let Some((id, secret)) = token.split_once('.') else {
        return Err(ActError::Refused("the bootstrap token has no dot; this is a fault of the coordinator".to_owned()));
    };
    Ok(json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "bootstrap.kubernetes.io/token",
        "metadata": {
            "name": format!("bootstrap-token-{id}"),
            "namespace": "kube-system",
            "labels": {LABEL: generation.to_string()},
            "annotations": {"ha-mesh/expires": expires},
        },
        "stringData": {
            "token-id": id,
            "token-secret": secret,
            "expiration": expires,
            "usage-bootstrap-authentication": "true",
            "usage-bootstrap-signing": "true",
            "auth-extra-groups": TOKEN_GROUP,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kubeadm_is_led_to_the_local_api_server() {
        let admin =
            "clusters:\n- cluster:\n    certificate-authority-data: x\n    server: https://10.0.0.10:6443\n  name: k\n";
        let local = "clusters:\n- cluster:\n    certificate-authority-data: x\n    server: https://127.0.0.1:6443\n    \
            tls-server-name: kubernetes\n  name: k\n";
        assert_eq!(local_kubeconfig(admin), local);
    }

    #[test]
    fn a_token_is_stored_as_kubeadm_stores_it() {
        let secret = token("abcdef.0123456789abcdef", 3, "2026-11-24T08:00:00Z").unwrap();
        assert_eq!(secret["metadata"]["name"], "bootstrap-token-abcdef");
        assert_eq!(secret["stringData"]["token-secret"], "0123456789abcdef");
        assert_eq!(secret["metadata"]["labels"][LABEL], "3");
    }

    #[test]
    fn a_token_without_a_dot_is_refused_and_not_repeated() {
        assert!(!token("abcdef", 1, "").unwrap_err().to_string().contains("abcdef"));
    }
}
