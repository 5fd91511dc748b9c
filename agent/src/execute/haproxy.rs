//! HAProxy: the API behind port 6443, the users' traffic behind 80 and 443. A changed configuration is reloaded, never a
//! restart: connections live on.
//!
//! Knows nothing of the virtual addresses, which are Keepalived's.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::spec::Role;
use ha_domain::step::{Backend, Component, Haproxy};
use minijinja::context;
use minijinja::value::Serde;

use super::distro::{self, HAPROXY};
use super::rendered::{self, Validator, template};
use super::{ActError, Context, Probe, service};
use crate::host::{HttpRequest, Tls, UnitVerb};

/// Where the running process tells the digest of its configuration.
const CONFIG_URL: &str = "http://127.0.0.1:9100/config";
/// Where it says that it lives; Keepalived asks here.
pub(super) const ALIVE_URL: &str = "http://127.0.0.1:9100/alive";
/// After one failed check the next ones come at this pace, in milliseconds.
const FAST_MS: u64 = 200;
/// A backend that is down is looked at this often, in milliseconds.
const DOWN_MS: u64 = 500;

/// The configuration, and the digest that the process will answer once it has taken it up.
fn rendered(a: &Haproxy) -> Result<(String, Digest), ActError> {
    let digest = Digest::of(render(a, "")?.as_bytes());
    Ok((render(a, digest.as_str())?, digest))
}

fn render(a: &Haproxy, digest: &str) -> Result<String, ActError> {
    let only_ipv4 = a.api.iter().chain(&a.apps).all(|b| b.address.is_ipv4());
    let (any, families) = if only_ipv4 { ("*", "") } else { ("::", " v4v6") };
    let at = |b: &Backend, port: u16| SocketAddr::new(b.address, port).to_string();
    let api = a.api.iter().map(|b| context! { name => b.name.as_str(), api => at(b, 6443) });
    let apps = a.apps.iter().map(|b| context! { name => b.name.as_str(), http => at(b, 80), https => at(b, 443) });
    let values = context! {
        any, families, digest,
        api => api.collect::<Vec<_>>(),
        apps => apps.collect::<Vec<_>>(),
        apps_health_port => a.apps_health_port,
        apps_host => a.apps_host.as_str(),
        max_connections => a.max_connections,
        timeouts => Serde(&a.timeouts),
        checks => Serde(&a.checks),
        inter => a.checks.interval_ms,
        fastinter => a.checks.interval_ms.min(FAST_MS),
        downinter => a.checks.interval_ms.min(DOWN_MS),
    };
    rendered::render(Component::Haproxy, &template!("haproxy.cfg.j2"), values)
}

/// Looks: the file, the unit, and what the running process says it has read.
pub(super) async fn probe(a: &Haproxy, cx: &Context<'_>) -> Result<Probe, ActError> {
    let (config, digest) = rendered(a)?;
    if let Some(trouble) = service::trouble(cx, HAPROXY.0).await? {
        return Ok(Probe::Differs(trouble));
    }
    if !rendered::is_current(cx, Path::new(HAPROXY.1), config.as_bytes()).await? {
        return Ok(Probe::Differs(format!("{} differs", HAPROXY.1)));
    }
    if running_config(cx).await.as_deref() != Some(digest.as_str()) {
        return Ok(Probe::Differs("haproxy runs with another configuration".to_owned()));
    }
    let facts = rendered::applied_facts(cx, Component::Haproxy, &digest).await?;
    Ok(Probe::Converged(facts.unwrap_or_default()))
}

/// Installs, configures, starts or reloads.
pub(super) async fn act(a: &Haproxy, cx: &Context<'_>) -> Result<(), ActError> {
    let distribution = distro::of(cx).await?;
    distro::install(cx, &distribution.packages(Role::LoadBalancer)).await?;
    let (config, digest) = rendered(a)?;
    let validator = Validator { program: "haproxy", args: &["-c", "-q", "-f", "{}"] };
    rendered::put_validated(cx, Path::new(HAPROXY.1), config.as_bytes(), 0o644, Some(validator)).await?;
    if running_config(cx).await.as_deref() != Some(digest.as_str()) {
        service::bring(cx, HAPROXY.0, UnitVerb::Reload).await?;
    } else {
        service::start(cx, HAPROXY.0).await?;
    }
    taken_up(cx, &digest).await?;
    let version = distro::version(cx, "haproxy").await?;
    rendered::mark_applied_with(cx, Component::Haproxy, &digest, distro::facts([("version", version)])).await
}

/// Waits for the new process: a reload returns before it serves.
async fn taken_up(cx: &Context<'_>, digest: &Digest) -> Result<(), ActError> {
    let every = Duration::from_millis(50);
    let wait = service::Wait::new(15, every, "haproxy to take up its configuration");
    loop {
        let last = match running_config(cx).await {
            Some(running) if running == digest.as_str() => return Ok(()),
            Some(running) => format!("it runs with {running}"),
            None => format!("no answer from {CONFIG_URL}"),
        };
        wait.again(last).await?;
    }
}

/// The digest the running process answers; `None` when it does not.
async fn running_config(cx: &Context<'_>) -> Option<String> {
    let request = HttpRequest {
        method: "GET",
        url: CONFIG_URL,
        connect: Some(SocketAddr::new(IpAddr::from([127, 0, 0, 1]), 9100)),
        headers: Vec::new(),
        body: Vec::new(),
        tls: Tls::default(),
        timeout: Duration::from_secs(2),
    };
    let response = cx.host.http(request).await.ok().filter(|r| r.status == 200)?;
    Some(String::from_utf8_lossy(&response.body).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ha_domain::step::{HaproxyChecks, HaproxyTimeouts};

    fn backend(name: &str, address: &str) -> Backend {
        Backend { name: name.to_owned(), address: address.parse().unwrap() }
    }

    fn two_workers() -> Haproxy {
        Haproxy {
            api: vec![backend("m1", "10.0.0.21"), backend("m2", "10.0.0.22"), backend("m3", "10.0.0.23")],
            apps: vec![backend("w1", "10.0.0.31"), backend("w2", "10.0.0.32")],
            apps_health_port: 8080,
            apps_host: "myapp.com".to_owned(),
            max_connections: 20_000,
            timeouts: HaproxyTimeouts { connect: 2_000, client: 14_400_000, server: 14_400_000, check: 1_000 },
            checks: HaproxyChecks { interval_ms: 1_000, fall: 2, rise: 1 },
        }
    }

    #[test]
    fn three_control_planes_and_two_workers() {
        rendered::assert_golden("haproxy.cfg", &rendered(&two_workers()).unwrap().0);
    }

    #[test]
    fn a_site_without_workers_has_an_empty_backend() {
        let a = Haproxy { apps: Vec::new(), ..two_workers() };
        rendered::assert_golden("haproxy-no-workers.cfg", &rendered(&a).unwrap().0);
    }

    #[test]
    fn ipv6_backends_are_reached_from_both_families() {
        let a = Haproxy { api: vec![backend("m1", "fd00::21")], ..two_workers() };
        rendered::assert_golden("haproxy-ipv6.cfg", &rendered(&a).unwrap().0);
    }

    #[test]
    fn another_timeout_is_another_configuration() {
        let mut other = two_workers();
        other.timeouts.connect = 3_000;
        assert_ne!(rendered(&two_workers()).unwrap().1, rendered(&other).unwrap().1);
    }
}
