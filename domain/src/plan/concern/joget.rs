//! Joget itself, its one-time setup, and the proof that the site works.

use super::super::wish::Wish;
use super::super::world::World;
use super::cluster::through;
use super::database::access_of;
use crate::id::SecretName;
use crate::spec::{IngressTls as TlsKind, Machine, Spec, StorageKind};
use crate::step::{Acceptance, Action, Component, DataSource, IngressTls, Joget, JogetSetup, Registry};

pub(in super::super) fn joget(world: &World<'_>) -> Vec<Wish> {
    let Some(data_source) = data_source(world.spec) else { return Vec::new() };
    let machines: Vec<&Machine> = world.spec.control_planes();
    let mut wishes = Vec::new();
    if has_tls(world.spec) {
        let tls = IngressTls { host: world.spec.joget.host.to_string(), generation: 1 };
        wishes.push(through(world, Action::IngressTls(tls)).after_any(&machines, Component::Network));
    }
    let deployment = through(world, Action::Joget(deployment(world, data_source.clone())));
    let deployment =
        world.spec.databases().into_iter().take(1).fold(deployment, |w, m| w.after(m, Component::DatabaseAccess));
    wishes.push(deployment.after_any(&machines, Component::Volume));
    let setup = JogetSetup { vip: world.spec.vips.apps, host: world.spec.joget.host.to_string(), data_source };
    let setup = through(world, Action::JogetSetup(setup)).once();
    wishes.push(setup.after_any(&machines, Component::Joget).after_any(&machines, Component::Ingress));
    wishes
}

fn has_tls(spec: &Spec) -> bool {
    match spec.ingress.tls {
        TlsKind::SiteCa | TlsKind::Files => true,
        TlsKind::Off => false,
    }
}

fn data_source(spec: &Spec) -> Option<DataSource> {
    let machine = *spec.databases().first()?;
    Some(DataSource {
        kind: spec.database.kind,
        host: machine.address.to_string(),
        port: spec.database.kind.port(),
        name: spec.database.name.clone(),
        user: spec.database.user.clone(),
        tls: spec.database.tls,
        pool: spec.joget.pool.max_active,
        profile: spec.joget.data_source.profile.clone(),
        parameters: spec.joget.data_source.parameters.clone(),
    })
}

fn deployment(world: &World<'_>, data_source: DataSource) -> Joget {
    let spec = world.spec;
    let resources = &spec.joget.resources;
    let text = |q: &Option<crate::spec::value::Quantity>| q.as_ref().map_or(String::new(), |q| q.as_str().to_owned());
    Joget {
        image: spec.joget.image.as_str().to_owned(),
        replicas: spec.joget.replicas,
        host: spec.joget.host.to_string(),
        tls: has_tls(spec),
        data_source,
        cpu: [text(&resources.requests.cpu), text(&resources.limits.cpu)],
        memory: [text(&resources.requests.memory), text(&resources.limits.memory)],
        open_volume_with: open_volume_with(world),
        registry: registry_login(spec).map(|(host, secret)| Registry { host: host.clone(), secret: secret.clone() }),
    }
}

/// The registry of Joget's image and the secret with which it is pulled, where the spec names one.
pub(super) fn registry_login(spec: &Spec) -> Option<(&String, &SecretName)> {
    spec.artifacts.registry_credentials.get_key_value(spec.joget.image.registry())
}

/// A directory of a worker belongs to root; the ingress controller's image is there and has what opens it.
fn open_volume_with(world: &World<'_>) -> Option<String> {
    match world.spec.storage.kind {
        StorageKind::Nfs => None,
        StorageKind::Shared | StorageKind::Local => {
            world.components().ok().map(|parts| parts.traefik.as_str().to_owned())
        }
    }
}

/// From the database machine: through the VIP like a user, then a look into the schema.
pub(in super::super) fn acceptance(world: &World<'_>) -> Vec<Wish> {
    let probe = &world.spec.joget.probe;
    let acceptance = Acceptance {
        vip: world.spec.vips.apps,
        host: world.spec.joget.host.to_string(),
        tls: has_tls(world.spec),
        page: probe.path.clone(),
        select: probe.select,
        form: probe.form.clone(),
        database: access_of(world.spec),
    };
    let machines = world.spec.control_planes();
    let wish =
        |m: &Machine| Wish::of(m, Action::Acceptance(acceptance.clone())).after_any(&machines, Component::JogetSetup);
    world.spec.databases().into_iter().take(1).map(wish).collect()
}
