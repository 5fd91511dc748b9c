//! A set of Kubernetes objects that one action applies: rendered from a template, marked with its digest, compared again.
//!
//! Knows nothing of what the objects do.

use ha_domain::id::Digest;
use ha_domain::step::Component;
use serde_json::{Value, json};

use super::kube_api::KubeApi;
use super::kube_object;
use super::rendered::{Template, render};
use super::{ActError, Context};

/// The annotation that every object of ours carries: the digest of all that was rendered with it.
pub(super) const DIGEST: &str = "ha-mesh/digest";

/// Objects in the order in which they are applied; the last one stands for all of them.
#[derive(Debug)]
pub(super) struct Manifest {
    objects: Vec<Value>,
}

impl Manifest {
    /// Renders a template of YAML documents.
    ///
    /// # Errors
    /// The template or the values do not fit: a fault of the agent.
    pub(super) fn render(
        component: Component,
        template: &Template,
        values: impl Into<minijinja::Value>,
    ) -> Result<Self, ActError> {
        Self::parse(&render(component, template, values)?)
    }

    fn parse(text: &str) -> Result<Self, ActError> {
        let fault = |e: String| ActError::Refused(format!("a manifest is no YAML: {e}; this is a fault of the agent"));
        let objects: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|e| fault(e.to_string()))?;
        let digest = Digest::of(text.as_bytes());
        let mark = |mut object: Value| {
            object["metadata"]["annotations"][DIGEST] = json!(digest.as_str());
            object
        };
        Ok(Self { objects: objects.into_iter().filter(|o| !o.is_null()).map(mark).collect() })
    }

    /// Applies every object in its order; gives back the last one as it is now.
    pub(super) async fn apply(&self, cx: &Context<'_>, api: &KubeApi<'_>) -> Result<Value, ActError> {
        let mut last = Value::Null;
        for object in &self.objects {
            let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
            (cx.progress)(format!("applying {kind} {name}"));
            last = api.apply(object).await?;
        }
        Ok(last)
    }

    /// The last object as it is in the cluster, or how it differs from what is wanted.
    pub(super) async fn look(&self, api: &KubeApi<'_>) -> Result<Result<Value, String>, ActError> {
        let Some(wanted) = self.objects.last() else { return Ok(Ok(Value::Null)) };
        let (kind, name) = (text(&wanted["kind"]), text(&wanted["metadata"]["name"]));
        let Some(live) = api.get(&kube_object::path(wanted)?).await? else {
            return Ok(Err(format!("{kind} {name} is not there")));
        };
        if live["metadata"]["annotations"][DIGEST] != wanted["metadata"]["annotations"][DIGEST] {
            return Ok(Err(format!("{kind} {name} is of another version")));
        }
        match kube_object::difference(wanted, &live) {
            Some(difference) => Ok(Err(format!("{kind} {name}: {difference}"))),
            None => Ok(Ok(live)),
        }
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Golden file of a rendering, and a proof that it is a manifest whose every object has a place in the API.
#[cfg(test)]
pub(crate) fn assert_golden_manifest(
    name: &str,
    component: Component,
    template: &Template,
    values: impl Into<minijinja::Value>,
) {
    let text = render(component, template, values).unwrap_or_else(|e| panic!("{e}"));
    super::rendered::assert_golden(name, &text);
    let manifest = Manifest::parse(&text).unwrap_or_else(|e| panic!("{e}"));
    for object in &manifest.objects {
        kube_object::path(object).unwrap_or_else(|e| panic!("{e}"));
    }
    assert!(!manifest.objects.is_empty());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_object_carries_the_digest_of_all_of_them() {
        let text = "kind: Namespace\nmetadata: {name: a}\n---\nkind: Secret\nmetadata: {name: b, namespace: a}\n";
        let manifest = Manifest::parse(text).unwrap_or_else(|e| panic!("{e}"));
        let digest = json!(Digest::of(text.as_bytes()).as_str());
        assert!(manifest.objects.iter().all(|o| o["metadata"]["annotations"][DIGEST] == digest));
        assert_eq!(manifest.objects.len(), 2);
    }
}
