//! Artifacts, notices, policy and overrides: settings that need each other.

use crate::spec::problem::Problem;
use crate::spec::value::HostName;
use crate::spec::{Artifacts, FencingKind, Policy, Smtp, Spec};

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let mut problems = artifacts(&spec.artifacts);
    problems.extend(spec.notify.smtp.as_ref().map(smtp).unwrap_or_default());
    problems.extend(policy(&spec.policy));
    problems.extend(arguments(spec));
    problems.extend(overrides(spec));
    problems
}

fn artifacts(a: &Artifacts) -> Vec<Problem> {
    let mut problems = Vec::new();
    if a.catalog.is_some() && a.catalog_sha256.is_none() {
        let message = "a catalog is believed only by its sha256, which is not given";
        problems.push(
            Problem::error("artifacts.catalog", message)
                .help("add artifacts.catalogSha256: the output of `sha256sum catalog.yaml`"),
        );
    }
    if a.catalog.is_none() && a.catalog_sha256.is_some() {
        problems.push(Problem::error("artifacts.catalogSha256", "there is no artifacts.catalog it could belong to"));
    }
    if a.offline && a.mirror.is_none() {
        let message = "offline without artifacts.mirror leaves nowhere to get anything from";
        problems.push(
            Problem::error("artifacts.offline", message)
                .help("name a web server that holds the files in artifacts.mirror"),
        );
    }
    problems.extend(a.registry_credentials.keys().filter_map(|registry| registry_name(registry)));
    problems
}

fn registry_name(registry: &str) -> Option<Problem> {
    let (host, port) = registry.split_once(':').map_or((registry, None), |(h, p)| (h, Some(p)));
    let fits = HostName::parse(host).is_ok() && port.is_none_or(|p| p.parse::<u16>().is_ok());
    let path = format!("artifacts.registryCredentials.{registry}");
    (!fits).then(|| {
        Problem::error(path, "is no registry").help("a host and optionally a port, for example registry.example:5000")
    })
}

fn smtp(s: &Smtp) -> Vec<Problem> {
    let address = |a: &str| a.split_once('@').is_some_and(|(l, d)| !l.is_empty() && HostName::parse(d).is_ok());
    let one_line = |a: &str| !a.chars().any(|c| c.is_control() || c.is_whitespace());
    let mut problems = Vec::new();
    let all = std::iter::once(("notify.smtp.from".to_owned(), &s.from))
        .chain(s.to.iter().enumerate().map(|(n, to)| (format!("notify.smtp.to[{n}]"), to)));
    for (path, written) in all {
        if !(address(written) && one_line(written)) {
            problems.push(Problem::error(path, format!("{written:?} is no mail address")));
        }
    }
    if s.to.is_empty() {
        problems.push(Problem::error("notify.smtp.to", "nobody would be told"));
    }
    if s.user.is_some() != s.password.is_some() {
        problems.push(
            Problem::error("notify.smtp", "user and password belong together").help("password is a secret's name"),
        );
    }
    problems
}

fn policy(p: &Policy) -> Vec<Problem> {
    let mut problems = Vec::new();
    if p.budgets.per_day < p.budgets.per_hour {
        let message = format!("{} a day are fewer than {} an hour", p.budgets.per_day, p.budgets.per_hour);
        problems.push(Problem::error("policy.budgets.perDay", message));
    }
    if !(1..=100).contains(&p.budgets.storm_percent) {
        problems.push(
            Problem::error("policy.budgets.stormPercent", format!("{} is no share", p.budgets.storm_percent))
                .help("1 to 100"),
        );
    }
    if p.remove_after.secs() < 30 {
        let message = format!("{} would remove machines that are only rebooting", p.remove_after);
        problems.push(Problem::error("policy.removeAfter", message).help("30s or more; 10m is usual"));
    }
    let empty = p.windows.iter().enumerate().filter(|(_, w)| w.from == w.to);
    problems.extend(
        empty.map(|(n, w)| Problem::error(format!("policy.windows[{n}].to"), format!("begins and ends at {}", w.to))),
    );
    if p.fencing.kind == FencingKind::Manual && p.fencing.credentials.is_some() {
        problems.push(Problem::warning("policy.fencing.credentials", "nothing uses them while a person fences"));
    }
    problems
}

fn arguments(spec: &Spec) -> Vec<Problem> {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    let args = spec.kubernetes.api_server.extra_args.keys();
    let bad = args.filter(|key| key.is_empty() || key.starts_with('-') || !key.bytes().all(plain));
    let problem = |key: &String| {
        let path = format!("kubernetes.apiServer.extraArgs.{key}");
        Problem::error(path, "is no argument's name").help("without leading dashes, for example audit-log-maxage")
    };
    bad.map(problem).collect()
}

fn overrides(spec: &Spec) -> Vec<Problem> {
    let k = &spec.kubernetes;
    let mut problems = Vec::new();
    for (section, map) in [("kubelet", &k.kubelet), ("proxy", &k.proxy)] {
        for key in ["apiVersion", "kind"].into_iter().filter(|key| map.contains_key(*key)) {
            let message = "says what the document is, which is not for the spec to choose";
            problems.push(Problem::error(format!("kubernetes.{section}.{key}"), message).help("leave it out"));
        }
    }
    let owned = [("clusterDNS", "follows from kubernetes.serviceSubnet"), ("cgroupDriver", "must be containerd's")];
    for (key, why) in owned.into_iter().filter(|(key, _)| k.kubelet.contains_key(*key)) {
        problems.push(Problem::error(format!("kubernetes.kubelet.{key}"), why).help("leave it out"));
    }
    if k.proxy.contains_key("mode") {
        problems
            .push(Problem::error("kubernetes.proxy.mode", "has a setting of its own").help("use kubernetes.proxyMode"));
    }
    problems
}
