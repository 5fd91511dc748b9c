//! VRRP and HAProxy settings that would not start, or would quietly do something else.

use crate::spec::problem::Problem;
use crate::spec::value::Period;
use crate::spec::{LoadBalancers, Spec};

/// VRRP version 3 counts centiseconds in 12 bits.
const ADVERT_STEP_MS: u64 = 10;
const ADVERT_MOST_MS: u64 = 40_950;
const LEAST_IDLE: Period = Period::from_secs(600);

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let lb = &spec.load_balancers;
    let mut problems = router_ids(lb);
    problems.extend(advert(lb));
    problems.extend(timeouts(lb));
    problems.extend(checks(lb));
    problems.extend(interface(lb));
    problems
}

fn router_ids(lb: &LoadBalancers) -> Vec<Problem> {
    let ids = &lb.router_ids;
    let mut problems = Vec::new();
    for (path, id) in [("loadBalancers.routerIds.api", ids.api), ("loadBalancers.routerIds.apps", ids.apps)] {
        if !(1..=255).contains(&id) {
            problems.push(Problem::error(path, format!("{id} is no VRRP router id")).help("1 to 255"));
        }
    }
    if ids.api == ids.apps {
        let message =
            format!("both VIPs have router id {}: each would take the other's announcements for its own", ids.api);
        problems.push(
            Problem::error("loadBalancers.routerIds.apps", message)
                .help("use two ids that no other VRRP speaker of the subnet uses"),
        );
    }
    problems
}

fn advert(lb: &LoadBalancers) -> Option<Problem> {
    let ms = lb.advert_interval.ms();
    let fits = (ADVERT_STEP_MS..=ADVERT_MOST_MS).contains(&ms) && ms.is_multiple_of(ADVERT_STEP_MS);
    let message = format!("{} cannot be announced: VRRP counts hundredths of a second", lb.advert_interval);
    (!fits).then(|| {
        Problem::error("loadBalancers.advertInterval", message).help("10ms to 40950ms in steps of 10ms; 200ms is usual")
    })
}

fn timeouts(lb: &LoadBalancers) -> Vec<Problem> {
    let t = &lb.timeouts;
    let all = [("connect", t.connect), ("client", t.client), ("server", t.server), ("check", t.check)];
    let zero = all.iter().filter(|(_, period)| period.ms() == 0).map(|(name, _)| {
        Problem::error(
            format!("loadBalancers.timeouts.{name}"),
            "0 means for ever: a dead peer would never be given up",
        )
    });
    let short = all.iter().filter(|(name, p)| matches!(*name, "client" | "server") && p.ms() > 0 && *p < LEAST_IDLE);
    let short = short.map(|(name, period)| {
        let message = format!("{period} cuts silent watches, `kubectl logs -f` and `exec`");
        Problem::warning(format!("loadBalancers.timeouts.{name}"), message).help("use an hour or more")
    });
    zero.chain(short).collect()
}

fn checks(lb: &LoadBalancers) -> Vec<Problem> {
    let c = &lb.checks;
    let mut problems = Vec::new();
    if c.interval.ms() < 50 {
        let message = format!("{} is too often: the checks themselves would be the load", c.interval);
        problems.push(Problem::error("loadBalancers.checks.interval", message).help("50ms or more; 500ms is usual"));
    }
    for (path, n) in [("loadBalancers.checks.fall", c.fall), ("loadBalancers.checks.rise", c.rise)] {
        if n == 0 {
            problems.push(Problem::error(path, "0 checks decide nothing").help("1 or more"));
        }
    }
    if lb.max_connections == 0 {
        problems.push(Problem::error("loadBalancers.maxConnections", "0 lets nobody in"));
    }
    problems
}

fn interface(lb: &LoadBalancers) -> Option<Problem> {
    let name = lb.interface.as_deref()?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"._-@".contains(&b);
    let fits = (1..=15).contains(&name.len()) && name.bytes().all(plain);
    (!fits).then(|| {
        Problem::error("loadBalancers.interface", format!("{name:?} is no interface name")).help("for example eth0")
    })
}
