//! Addresses and ports: its own, its peers', and the virtual ones.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use ha_domain::spec::Role;
use ha_domain::step::Preflight;

use super::Finding;
use crate::execute::{ActError, Context};
use crate::host::Reachability;

/// A peer may still be booting: silence is believed after this many looks.
const LOOKS: u32 = 3;
const PATIENCE: Duration = Duration::from_millis(1000);
/// What answers in the same network answers at once.
const NEAR: Duration = Duration::from_millis(300);

pub(super) async fn check(a: &Preflight, cx: &Context<'_>) -> Result<Vec<Finding>, ActError> {
    let own: Vec<IpAddr> = cx.host.addresses().await?.into_iter().map(|i| i.address).collect();
    let mut findings = addresses(a, &own);
    let (silent, taken, answering) = tokio::join!(silent(a, cx), taken_ports(a, cx), answering_vips(a, cx, &own));
    findings.extend(silent.into_iter().map(|to| {
        let text = format!("{to} does not answer, not even with a refusal: open the way to it, or check that it is on");
        Finding::refusal("ports", text)
    }));
    findings.extend(taken.into_iter().map(|port| {
        let text = format!("something listens on port {port} already, which the role {} needs: stop it", a.role);
        Finding::refusal("ports", text)
    }));
    findings.extend(answering.into_iter().map(|vip| Finding::warning("vips", format!("{vip} answers already"))));
    Ok(findings)
}

fn addresses(a: &Preflight, own: &[IpAddr]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !own.contains(&a.address) {
        let known: Vec<_> = own.iter().filter(|i| !i.is_loopback()).map(ToString::to_string).collect();
        let text = format!(
            "the spec says {}, the machine has {}: correct the spec, or the machine",
            a.address,
            known.join(", ")
        );
        findings.push(Finding::refusal("address", text));
    }
    let holds = a.vips.iter().filter(|vip| a.role != Role::LoadBalancer && own.contains(vip));
    findings.extend(holds.map(|vip| {
        Finding::refusal("vips", format!("{vip} is an address of this machine; a virtual address must be free"))
    }));
    findings
}

/// The peers' ports that swallow what is sent to them.
async fn silent(a: &Preflight, cx: &Context<'_>) -> Vec<SocketAddr> {
    let mut left: Vec<SocketAddr> = a.reach.iter().map(|r| SocketAddr::new(r.address, r.port)).collect();
    for look in 0..LOOKS {
        if left.is_empty() {
            break;
        }
        if look > 0 {
            tokio::time::sleep(PATIENCE).await;
        }
        let answers = join_all(left.iter().map(|to| cx.host.connect(*to, PATIENCE))).await;
        let silent =
            |answer: &Result<Reachability, _>| !matches!(answer, Ok(Reachability::Open | Reachability::Refused));
        left = left.into_iter().zip(answers).filter(|(_, answer)| silent(answer)).map(|(to, _)| to).collect();
    }
    left
}

/// Ports that the role will listen on and somebody else does. Once we run something here, it is most likely ours.
async fn taken_ports(a: &Preflight, cx: &Context<'_>) -> Vec<u16> {
    let ports: &[u16] = match a.role {
        Role::ControlPlane => &[6443, 2379, 2380, 10250, 10257, 10259],
        Role::Worker => &[80, 443, 10250],
        Role::LoadBalancer => &[80, 443, 6443, 9100],
        Role::Storage => &[2049],
        Role::Database | Role::Spare => &[],
    };
    if !cx.ledger.owned_units().is_empty() {
        return Vec::new();
    }
    let answers = join_all(ports.iter().map(|port| cx.host.connect(SocketAddr::new(a.address, *port), NEAR))).await;
    let open = ports.iter().zip(answers).filter(|(_, answer)| matches!(answer, Ok(Reachability::Open)));
    open.map(|(port, _)| *port).collect()
}

/// Virtual addresses at which somebody answers: our load balancers, or a stranger. Which of them, the whole site shows.
async fn answering_vips(a: &Preflight, cx: &Context<'_>, own: &[IpAddr]) -> Vec<IpAddr> {
    let foreign: Vec<IpAddr> = a.vips.iter().copied().filter(|vip| !own.contains(vip)).collect();
    let tries = foreign.iter().flat_map(|vip| [22, 80, 6443].map(|port| SocketAddr::new(*vip, port)));
    let tries: Vec<SocketAddr> = tries.collect();
    let answers = join_all(tries.iter().map(|to| cx.host.connect(*to, NEAR))).await;
    let mut answering: Vec<IpAddr> = tries
        .iter()
        .zip(answers)
        .filter(|(_, answer)| matches!(answer, Ok(Reachability::Open | Reachability::Refused)))
        .map(|(to, _)| to.ip())
        .collect();
    answering.dedup();
    answering
}

#[cfg(test)]
mod tests {
    use super::super::tests::asked;
    use super::*;

    #[test]
    fn an_address_that_is_not_its_own_is_refused_with_those_that_are() {
        let found = addresses(&asked(), &["127.0.0.1".parse().unwrap(), "10.0.0.22".parse().unwrap()]);
        assert!(found[0].refuses && found[0].text.contains("the spec says 10.0.0.21, the machine has 10.0.0.22"));
    }

    #[test]
    fn a_virtual_address_may_be_on_a_load_balancer_only() {
        let own = ["10.0.0.21".parse().unwrap(), "10.0.0.135".parse().unwrap()];
        assert_eq!(addresses(&asked(), &own).len(), 1);
        let balancer = Preflight { role: Role::LoadBalancer, ..asked() };
        assert_eq!(addresses(&balancer, &own), []);
    }
}
