//! Load balancing on this machine: whether HAProxy lives, and which VIPs are here.

use std::net::IpAddr;
use std::time::Duration;

use ha_domain::report::BalanceReport;
use ha_domain::step::{Action, Component};

use crate::host::{HttpRequest, Tls};
use crate::machine::Machine;

/// HAProxy's local health page.
const ALIVE: &str = "http://127.0.0.1:9100/alive";

/// Looks where this machine is a load balancer.
pub(super) async fn look(machine: &Machine) {
    let wanted = machine.wanted.all();
    let Some(Action::Keepalived(keepalived)) = wanted.get(&Component::Keepalived) else { return };
    let wanted: Vec<IpAddr> = keepalived.instances.iter().map(|i| i.vip).collect();
    let Ok(here) = machine.host.addresses().await else { return };
    let vips = wanted.into_iter().filter(|vip| here.iter().any(|a| a.address == *vip)).collect();
    let request = HttpRequest {
        method: "GET",
        url: ALIVE,
        connect: None,
        headers: Vec::new(),
        body: Vec::new(),
        tls: Tls::default(),
        timeout: Duration::from_secs(1),
    };
    let haproxy_alive = machine.host.http(request).await.is_ok_and(|r| r.status == 200);
    let report = BalanceReport { haproxy_alive, vips, ..BalanceReport::default() };
    machine.see(|r| r.balance = Some(report));
}
