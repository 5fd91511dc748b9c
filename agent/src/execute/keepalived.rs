//! Keepalived: one VRRP instance a virtual address, unicast between the load balancers, moved only when the holder or its
//! HAProxy dies.
//!
//! Knows nothing of what HAProxy serves.

use std::path::Path;

use ha_domain::id::Digest;
use ha_domain::spec::Role;
use ha_domain::step::{Component, Keepalived, VrrpInstance};
use minijinja::context;

use super::distro::{self, KEEPALIVED};
use super::rendered::{self, Validator, template};
use super::{ActError, Context, Probe, haproxy, service};
use crate::host::{InterfaceAddress, UnitVerb};

/// Asked once a second. Neither it nor a folder above it may be writable by anyone but root, or Keepalived refuses it.
const SCRIPT: &str = "/usr/local/lib/ha-mesh/haproxy-alive";

/// Everything that is put in place.
struct Files {
    script: String,
    config: String,
}

impl Files {
    fn digest(&self) -> Digest {
        Digest::of(format!("{}\n{}", self.script, self.config).as_bytes())
    }
}

fn render(a: &Keepalived, interface: &str, prefix: u8) -> Result<Files, ActError> {
    let script = context! { url => haproxy::ALIVE_URL };
    let instance = |i: &VrrpInstance| {
        context! { name => i.name.as_str(), vip => i.vip.to_string(), router_id => i.router_id, priority => i.priority }
    };
    let values = context! {
        router => a.address.to_string(),
        script => SCRIPT,
        interface, prefix,
        address => a.address.to_string(),
        peers => a.peers.iter().map(ToString::to_string).collect::<Vec<_>>(),
        advert => seconds(a.advert_interval_ms),
        instances => a.instances.iter().map(instance).collect::<Vec<_>>(),
    };
    Ok(Files {
        script: rendered::render(Component::Keepalived, &template!("haproxy-alive.j2"), script)?,
        config: rendered::render(Component::Keepalived, &template!("keepalived.conf.j2"), values)?,
    })
}

/// Milliseconds as Keepalived writes seconds, in the steps of 10 ms that VRRP version 3 counts in.
fn seconds(ms: u64) -> String {
    let hundredths = (ms / 10).clamp(1, 4095);
    format!("{}.{:02}", hundredths / 100, hundredths % 100)
}

async fn files(a: &Keepalived, cx: &Context<'_>) -> Result<Files, ActError> {
    let addresses = cx.host.addresses().await?;
    let (interface, prefix) = place(a, &addresses)?;
    render(a, interface, prefix)
}

/// The interface that carries the addresses, and the prefix length of its network.
fn place<'a>(a: &'a Keepalived, addresses: &'a [InterfaceAddress]) -> Result<(&'a str, u8), ActError> {
    let own = addresses.iter().find(|i| i.address == a.address).ok_or_else(|| {
        ActError::Refused(format!(
            "no interface has the address {}; correct the machine's address in the spec",
            a.address
        ))
    })?;
    let Some(named) = a.interface.as_deref().filter(|name| *name != own.interface) else {
        return Ok((&own.interface, own.prefix));
    };
    let there = addresses.iter().find(|i| i.interface == named && i.address.is_ipv4() == a.address.is_ipv4());
    there.map(|i| (named, i.prefix)).ok_or_else(|| {
        let known: Vec<_> = addresses.iter().map(|i| i.interface.as_str()).collect();
        ActError::Refused(format!(
            "loadBalancers.interface: there is no {named} with an address; there are: {}",
            known.join(" ")
        ))
    })
}

/// Looks: files, unit, and whether the process was told of them.
pub(super) async fn probe(a: &Keepalived, cx: &Context<'_>) -> Result<Probe, ActError> {
    if let Some(trouble) = service::trouble(cx, KEEPALIVED.0).await? {
        return Ok(Probe::Differs(trouble));
    }
    let files = files(a, cx).await?;
    for (path, content) in [(SCRIPT, &files.script), (KEEPALIVED.1, &files.config)] {
        if !rendered::is_current(cx, Path::new(path), content.as_bytes()).await? {
            return Ok(Probe::Differs(format!("{path} differs")));
        }
    }
    let facts = rendered::applied_facts(cx, Component::Keepalived, &files.digest()).await?;
    Ok(facts.map_or(Probe::Differs("keepalived was not told of its configuration".to_owned()), Probe::Converged))
}

/// Installs, configures, starts or reloads: a reload keeps the addresses where they are.
pub(super) async fn act(a: &Keepalived, cx: &Context<'_>) -> Result<(), ActError> {
    let distribution = distro::of(cx).await?;
    distro::install(cx, &distribution.packages(Role::LoadBalancer)).await?;
    let files = files(a, cx).await?;
    rendered::put_validated(cx, Path::new(SCRIPT), files.script.as_bytes(), 0o755, None).await?;
    validate(cx, &files.config).await?;
    rendered::put_validated(cx, Path::new(KEEPALIVED.1), files.config.as_bytes(), 0o644, None).await?;
    let digest = files.digest();
    if rendered::is_applied(cx, Component::Keepalived, &digest).await? {
        service::start(cx, KEEPALIVED.0).await?;
    } else {
        service::bring(cx, KEEPALIVED.0, UnitVerb::Reload).await?;
    }
    let version = distro::version(cx, "keepalived").await?;
    rendered::mark_applied_with(cx, Component::Keepalived, &digest, distro::facts([("version", version)])).await
}

/// Keepalived 2.2 ends its own process group when it has tested a configuration with a check script (it takes "no script
/// runs" for a process id), whatever it thinks of it. What it objects to it has said by then: silence is consent.
async fn validate(cx: &Context<'_>, config: &str) -> Result<(), ActError> {
    const TERMINATED: i32 = 128 + 15;
    let path = Path::new(KEEPALIVED.1);
    if rendered::is_current(cx, path, config.as_bytes()).await? {
        return Ok(());
    }
    let validator = Validator { program: "keepalived", args: &["--config-test", "--use-file", "{}"] };
    let output = rendered::try_candidate(cx, path, config.as_bytes(), &validator).await?;
    let silent = output.stderr.trim().is_empty() && output.stdout.is_empty();
    let consents = output.ok() || (output.code == TERMINATED && silent);
    if consents { Ok(()) } else { Err(rendered::invalid(&validator, &output)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lb1() -> Keepalived {
        let instance = |name: &str, vip: &str, router_id, priority| VrrpInstance {
            name: name.to_owned(),
            vip: vip.parse().unwrap(),
            router_id,
            priority,
        };
        Keepalived {
            instances: vec![instance("api", "10.0.0.135", 61, 150), instance("apps", "10.0.0.136", 62, 100)],
            address: "10.0.0.11".parse().unwrap(),
            peers: vec!["10.0.0.12".parse().unwrap()],
            interface: None,
            advert_interval_ms: 200,
        }
    }

    fn addresses() -> Vec<InterfaceAddress> {
        let at = |interface: &str, address: &str, prefix| InterfaceAddress {
            interface: interface.to_owned(),
            address: address.parse().unwrap(),
            prefix,
        };
        vec![at("lo", "127.0.0.1", 8), at("ens3", "10.0.0.11", 24), at("ens4", "10.9.0.11", 16)]
    }

    #[test]
    fn two_addresses_and_a_peer() {
        let files = render(&lb1(), "ens3", 24).unwrap();
        rendered::assert_golden("keepalived.conf", &files.config);
        rendered::assert_golden("haproxy-alive", &files.script);
    }

    #[test]
    fn a_lone_load_balancer_has_no_peers() {
        let a = Keepalived { peers: Vec::new(), ..lb1() };
        rendered::assert_golden("keepalived-alone.conf", &render(&a, "ens3", 24).unwrap().config);
    }

    #[test]
    fn the_interface_is_the_one_that_holds_the_address_unless_the_spec_names_one() {
        assert_eq!(place(&lb1(), &addresses()).unwrap(), ("ens3", 24));
        let named = Keepalived { interface: Some("ens4".to_owned()), ..lb1() };
        assert_eq!(place(&named, &addresses()).unwrap(), ("ens4", 16));
        let wrong = Keepalived { interface: Some("eth7".to_owned()), ..lb1() };
        assert!(place(&wrong, &addresses()).unwrap_err().to_string().contains("no eth7"));
    }

    #[test]
    fn intervals_are_written_in_steps_of_ten_milliseconds() {
        let written: Vec<_> = [5, 200, 1_000, 1_234, 90_000].map(seconds).into();
        assert_eq!(written, ["0.01", "0.20", "1.00", "1.23", "40.95"]);
    }
}
