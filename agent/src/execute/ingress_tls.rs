//! The site's certificate as the secret `joget-tls`, which the ingress presents.
//!
//! Knows nothing of where the certificate comes from.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ha_domain::id::Digest;
use ha_domain::step::{CredentialKind, IngressTls};
use serde_json::{Value, json};

use super::kube_api::KubeApi;
use super::manifest::DIGEST;
use super::{ActError, Context, Probe, distro};

const PATH: &str = "/api/v1/namespaces/joget/secrets/joget-tls";

pub(super) async fn probe(action: &IngressTls, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    let Some(live) = api.get(PATH).await? else { return Ok(Probe::Differs("there is no secret joget-tls".to_owned())) };
    if live["metadata"]["annotations"][DIGEST] != digest(action).as_str() {
        return Ok(Probe::Differs("the secret joget-tls holds another certificate".to_owned()));
    }
    Ok(match (expires(&live["data"]["tls.crt"]), live["data"]["tls.key"].as_str()) {
        (Some(expires), Some(_)) => Probe::Converged(distro::facts([("expires", expires)])),
        (Some(_), None) | (None, _) => Probe::Differs("the secret joget-tls was changed".to_owned()),
    })
}

pub(super) async fn act(action: &IngressTls, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let certificate = cx.credential(CredentialKind::SiteCertificate)?;
    let key = cx.credential(CredentialKind::SiteKey)?;
    api.apply(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "joget"}})).await?;
    let secret = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "type": "kubernetes.io/tls",
        "metadata": {"name": "joget-tls", "namespace": "joget", "annotations": {DIGEST: digest(action).as_str()}},
        "data": {"tls.crt": STANDARD.encode(certificate), "tls.key": STANDARD.encode(key)},
    });
    api.apply(&secret).await.map(drop)
}

/// Of what is told without the certificate itself: a look has no secrets.
fn digest(action: &IngressTls) -> Digest {
    Digest::of(format!("{} {}", action.host, action.generation).as_bytes())
}

/// Until when the certificate in the secret is valid.
fn expires(data: &Value) -> Option<String> {
    let pem = STANDARD.decode(data.as_str()?).ok()?;
    let (_, pem) = x509_parser::pem::parse_x509_pem(&pem).ok()?;
    let until = pem.parse_x509().ok()?.validity().not_after.timestamp();
    Some(super::utc::rfc3339(ha_domain::id::Time(u64::try_from(until).ok()? * 1000)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_says_until_when_it_is_valid() {
        let pem = include_str!("golden/cluster-ca.crt");
        let expires = expires(&json!(STANDARD.encode(pem))).unwrap();
        assert!(expires.starts_with("2036-") && expires.ends_with('Z'), "{expires}");
    }

    #[test]
    fn a_renewed_certificate_has_another_digest() {
        let of = |generation| digest(&IngressTls { host: "myapp.com".to_owned(), generation });
        assert_ne!(of(1), of(2));
    }
}
