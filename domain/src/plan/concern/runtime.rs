//! What a node needs before it is one: containerd, Kubernetes' programs, images. Spares have it all, for either role: they
//! are to take a place in seconds.

use super::super::wish::Wish;
use super::super::world::World;
use super::joget::registry_login;
use crate::catalog::{Artifact, ArtifactKind, Components};
use crate::id::MachineName;
use crate::spec::value::ImageReference;
use crate::spec::{Machine, Role};
use crate::step::{Action, Component, Containerd, Images, KubernetesBinaries};

pub(in super::super) fn runtime(world: &World<'_>) -> Vec<Wish> {
    let spares = world.spec.machines_with(Role::Spare);
    world.spec.nodes().chain(spares).flat_map(|m| node(world, m)).collect()
}

fn node(world: &World<'_>, machine: &Machine) -> Vec<Wish> {
    let components = match world.components() {
        Ok(components) => components,
        Err(why) => return vec![Wish::later(machine, why)],
    };
    let wish = |action: Result<Action, String>| match action {
        Ok(action) => Wish::of(machine, action),
        Err(why) => Wish::later(machine, why),
    };
    vec![
        wish(containerd(world, &machine.name, &components)).after(machine, Component::Preflight),
        wish(binaries(world, machine, &components)).after(machine, Component::Preflight),
        wish(images(world, machine, &components)).after(machine, Component::Containerd),
    ]
}

fn file(world: &World<'_>, on: &MachineName, name: &str, version: &str) -> Result<Artifact, String> {
    world.catalog.artifact(name, version, world.arch(on)).cloned().map_err(|e| e.to_string())
}

fn containerd(world: &World<'_>, on: &MachineName, parts: &Components) -> Result<Action, String> {
    Ok(Action::Containerd(Containerd {
        source: world.source(),
        containerd: file(world, on, "containerd", &parts.containerd)?,
        runc: file(world, on, "runc", &parts.runc)?,
        cni_plugins: file(world, on, "cni-plugins", &parts.cni_plugins)?,
        pause: parts.pause.as_str().to_owned(),
        restrict_oom_score_adj: world.spec.containerd.restrict_oom_score_adj,
    }))
}

fn binaries(world: &World<'_>, machine: &Machine, parts: &Components) -> Result<Action, String> {
    let version = parts.kubernetes.to_string();
    let program = |name: &str| file(world, &machine.name, name, &version);
    let etcd = match machine.role {
        Role::ControlPlane | Role::Spare => Some(file(world, &machine.name, "etcd", &parts.etcd)?),
        _ => None,
    };
    Ok(Action::Kubernetes(KubernetesBinaries {
        source: world.source(),
        kubeadm: program("kubeadm")?,
        kubelet: program("kubelet")?,
        kubectl: program("kubectl")?,
        version,
        etcd,
    }))
}

fn images(world: &World<'_>, machine: &Machine, parts: &Components) -> Result<Action, String> {
    let mut wanted = vec![parts.pause.clone()];
    let joget = Some(world.spec.joget.image.clone()).filter(|image| !is_left_to_the_kubelet(world, machine, image));
    let workers = || std::iter::once(parts.traefik.clone()).chain(joget.clone()).collect();
    let own = match machine.role {
        Role::ControlPlane => parts.control_plane_images(),
        Role::Spare => [parts.control_plane_images(), workers()].concat(),
        _ => workers(),
    };
    wanted.extend(own.into_iter().chain(parts.node_images()));
    let mut seen = std::collections::BTreeSet::new();
    wanted.retain(|image| seen.insert(image.as_str().to_owned()));
    let images = wanted.iter().map(|image| archive(world, &machine.name, image)).collect::<Result<_, _>>()?;
    Ok(Action::Images(Images { source: world.source(), images }))
}

/// Only the kubelet is given a registry's password, with Joget's pods: such an image comes when they begin.
fn is_left_to_the_kubelet(world: &World<'_>, on: &Machine, image: &ImageReference) -> bool {
    registry_login(world.spec).is_some() && world.catalog.image(image, world.arch(&on.name)).is_err()
}

/// The image's archive in the catalog; an image that the catalog does not have is pulled by its reference.
fn archive(world: &World<'_>, on: &MachineName, image: &ImageReference) -> Result<Artifact, String> {
    let arch = world.arch(on);
    match world.catalog.image(image, arch) {
        Ok(artifact) => Ok(artifact.clone()),
        Err(unknown) if world.spec.artifacts.offline => {
            Err(format!("{unknown}; the site is offline, so it cannot be pulled"))
        }
        Err(_) => Ok(Artifact {
            name: image.repository().to_owned(),
            version: image.tag().unwrap_or_default().to_owned(),
            arch,
            kind: ArtifactKind::Image,
            url: image.as_str().to_owned(),
            path: None,
            sha256: None,
            size: None,
        }),
    }
}
