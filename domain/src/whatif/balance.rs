//! Load balancers and the VIPs that move between them.

use std::net::IpAddr;

use super::scene::{Scene, is_here};
use super::words::{names, span, tolerance};
use super::{LayerKind, LayerLoss, Verdict, VipLoss};
use crate::id::MachineName;
use crate::report::BalanceReport;
use crate::spec::{Machine, Role};

/// Silent adverts after which another load balancer takes a VIP.
const SILENT_ADVERTS: u64 = 3;

pub(super) fn balance(scene: &Scene<'_, '_>) -> (LayerLoss, Vec<VipLoss>) {
    let spec = scene.world.spec;
    let told = spec.machines_with(Role::LoadBalancer).any(|m| report(scene, m).is_some());
    // One whose HAProxy is down gives up its VIPs; where no load balancer tells anything, all are taken to be able.
    let able = |m: &Machine| !told || report(scene, m).is_some_and(|b| b.haproxy_alive);
    let left = scene.left(spec.machines_with(Role::LoadBalancer), able);
    let vips: Vec<VipLoss> =
        [("api", spec.vips.api), ("apps", spec.vips.apps)].map(|(n, vip)| holder(scene, n, vip, &left)).into();
    let all = spec.balancers().len();
    let verdict = match left.len() {
        0 => Verdict::Lost,
        n if n < all => Verdict::Degraded,
        _ => Verdict::Holds,
    };
    let tolerates = left.len().saturating_sub(1);
    let then = match verdict {
        Verdict::Lost => "no machine holds a VIP: no user reaches Joget, no node and no client the API".to_owned(),
        Verdict::Degraded | Verdict::Holds => format!("{}{}", tolerance(tolerates), moves(scene, &vips)),
    };
    let detail = format!("{} of {all} load balancers left; {then}", left.len());
    (
        LayerLoss { layer: LayerKind::LoadBalancing, verdict, left, votes: None, tolerates: Some(tolerates), detail },
        vips,
    )
}

fn report<'a>(scene: &Scene<'_, 'a>, machine: &Machine) -> Option<&'a BalanceReport> {
    scene.world.report(&machine.name).filter(|_| is_here(scene.world, &machine.name))?.balance.as_ref()
}

/// Who has it keeps it while that machine is able; then it goes to any other.
fn holder(scene: &Scene<'_, '_>, name: &str, address: IpAddr, able: &[MachineName]) -> VipLoss {
    let balancers = scene.world.spec.machines_with(Role::LoadBalancer);
    let holds = |m: &&Machine| report(scene, m).is_some_and(|b| b.vips.contains(&address));
    let today: Vec<MachineName> = balancers.filter(holds).map(|m| m.name.clone()).collect();
    let stays: Vec<MachineName> = today.iter().filter(|n| able.contains(n)).cloned().collect();
    let then = if stays.is_empty() { able.to_vec() } else { stays };
    VipLoss { name: name.to_owned(), address, today, then }
}

fn moves(scene: &Scene<'_, '_>, vips: &[VipLoss]) -> String {
    let moving = vips.iter().filter(|v| !v.today.is_empty() && !v.then.iter().any(|n| v.today.contains(n)));
    let told: Vec<String> = moving.map(|v| format!("the {} VIP moves to {}", v.name, one_of(&v.then))).collect();
    if told.is_empty() {
        return String::new();
    }
    let after = scene.world.spec.load_balancers.advert_interval.ms().saturating_mul(SILENT_ADVERTS);
    format!("; {} after about {}", names(&told), span(after))
}

fn one_of(able: &[MachineName]) -> String {
    if able.len() > 1 { format!("one of {}", names(able)) } else { names(able) }
}
