//! PersistentVolume and claim for the directory that Joget's replicas share. Neither ever deletes a file.

use std::time::Duration;

use ha_domain::step::{Component, Volume, VolumeSource};
use minijinja::{Value, context};

use super::kube_api::KubeApi;
use super::manifest::Manifest;
use super::rendered::template;
use super::service::Wait;
use super::{ActError, Context, Probe};

pub(super) async fn probe(action: &Volume, cx: &Context<'_>) -> Result<Probe, ActError> {
    let api = KubeApi::here(cx).await?;
    Ok(match look(action, &api).await? {
        Ok(()) => Probe::converged(),
        Err(what) => Probe::Differs(what),
    })
}

pub(super) async fn act(action: &Volume, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    let applied = manifest(action)?.apply(cx, &api).await;
    applied.map_err(|error| match error.to_string() {
        text if text.contains("immutable") || text.contains("spec is forbidden") => ActError::Refused(format!(
            "{text}. A volume cannot be moved or resized in place: copy its files, scale joget to 0, delete claim and \
             volume joget-wflow (the files stay), then apply again"
        )),
        _ => error,
    })?;
    let wait = Wait::new(60, Duration::from_millis(200), "the volume to be bound");
    while let Err(last) = look(action, &api).await? {
        wait.again(last).await?;
    }
    Ok(())
}

async fn look(action: &Volume, api: &KubeApi<'_>) -> Result<Result<(), String>, ActError> {
    Ok(manifest(action)?.look(api).await?.and_then(|claim| match claim["status"]["phase"].as_str() {
        Some("Bound") => Ok(()),
        other => Err(format!("the claim joget-wflow is {}", other.unwrap_or("new"))),
    }))
}

fn manifest(action: &Volume) -> Result<Manifest, ActError> {
    Manifest::render(Component::Volume, &template!("volume.yaml.j2"), values(action))
}

fn values(action: &Volume) -> Value {
    let size = &action.size;
    let many = "ReadWriteMany";
    match &action.source {
        VolumeSource::Nfs { server, export } => {
            context! { size, kind => "nfs", access => many, server, path => export }
        }
        VolumeSource::Shared { path } => context! { size, kind => "shared", access => many, path },
        VolumeSource::Local { path, node } => context! { size, kind => "local", access => "ReadWriteOnce", path, node },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::execute::manifest::assert_golden_manifest;

    fn check(golden: &str, source: VolumeSource) {
        let action = Volume { source, size: "5Gi".to_owned() };
        assert_golden_manifest(golden, Component::Volume, &template!("volume.yaml.j2"), values(&action));
    }

    #[test]
    fn an_nfs_volume_is_the_golden_one() {
        check("volume-nfs.yaml", VolumeSource::Nfs { server: "10.0.0.61".to_owned(), export: "/srv/joget".to_owned() });
    }

    #[test]
    fn a_shared_volume_is_the_golden_one() {
        check("volume-shared.yaml", VolumeSource::Shared { path: "/srv/shared".to_owned() });
    }

    #[test]
    fn a_local_volume_is_the_golden_one() {
        check("volume-local.yaml", VolumeSource::Local { path: "/srv/joget".to_owned(), node: "w1".to_owned() });
    }
}
