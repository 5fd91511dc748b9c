//! The two load balancers: HAProxy, then Keepalived. The VIP is up and refuses before the cluster begins.

use std::net::IpAddr;

use super::super::wish::Wish;
use super::super::world::World;
use crate::spec::{Machine, Role, Spec};
use crate::step::{Action, Backend, Component, Haproxy, HaproxyChecks, HaproxyTimeouts, Keepalived, VrrpInstance};

/// Port of the ingress controller's health check on every worker.
pub(in super::super) const INGRESS_HEALTH_PORT: u16 = 8080;

pub(in super::super) fn load_balancing(world: &World<'_>) -> Vec<Wish> {
    let balancers = world.spec.balancers();
    let wishes = balancers.iter().enumerate().flat_map(|(place, m)| {
        let haproxy = Wish::of(m, Action::Haproxy(haproxy(world.spec))).after(m, Component::Preflight);
        let keepalived = Action::Keepalived(keepalived(world.spec, m, place));
        [haproxy, Wish::of(m, keepalived).after(m, Component::Haproxy)]
    });
    wishes.collect()
}

fn haproxy(spec: &Spec) -> Haproxy {
    let servers = |role: Role| {
        spec.machines_with(role).map(|m| Backend { name: m.name.to_string(), address: m.address }).collect()
    };
    let settings = &spec.load_balancers;
    let limits = &settings.timeouts;
    Haproxy {
        api: servers(Role::ControlPlane),
        apps: servers(Role::Worker),
        apps_health_port: INGRESS_HEALTH_PORT,
        apps_host: spec.joget.host.to_string(),
        max_connections: settings.max_connections,
        timeouts: HaproxyTimeouts {
            connect: limits.connect.ms(),
            client: limits.client.ms(),
            server: limits.server.ms(),
            check: limits.check.ms(),
        },
        checks: HaproxyChecks {
            interval_ms: settings.checks.interval.ms(),
            fall: settings.checks.fall,
            rise: settings.checks.rise,
        },
    }
}

/// Each load balancer is preferred for one VIP at the first election.
fn keepalived(spec: &Spec, machine: &Machine, place: usize) -> Keepalived {
    let peers: Vec<IpAddr> = spec.balancers().iter().filter(|m| m.name != machine.name).map(|m| m.address).collect();
    let rank = u8::try_from(place.min(50)).unwrap_or(50);
    let instance = |name: &str, vip, router_id: u16, priority| VrrpInstance {
        name: name.to_owned(),
        vip,
        router_id: u8::try_from(router_id).unwrap_or(u8::MAX),
        priority,
    };
    let ids = &spec.load_balancers.router_ids;
    Keepalived {
        instances: vec![
            instance("api", spec.vips.api, ids.api, 150 - rank),
            instance("apps", spec.vips.apps, ids.apps, 100 + rank),
        ],
        address: machine.address,
        peers,
        interface: spec.load_balancers.interface.clone(),
        advert_interval_ms: spec.load_balancers.advert_interval.ms(),
    }
}
