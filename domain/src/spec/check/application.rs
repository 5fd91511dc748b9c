//! Joget: editions and replicas, what it may use, and what proves that it works.

use crate::spec::problem::Problem;
use crate::spec::value::Quantity;
use crate::spec::{Amounts, Edition, Joget, Spec};

/// Less memory than this and the Java machine does not start.
const LEAST_MEMORY: u64 = 256 << 20;

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let joget = &spec.joget;
    let mut problems: Vec<Problem> = replicas(spec).into_iter().collect();
    problems.extend(host(joget));
    problems.extend(resources(joget));
    problems.extend(probe(joget));
    problems.extend(super::database::identifier("joget.dataSource.profile", &joget.data_source.profile));
    if joget.pool.max_active == 0 {
        problems.push(Problem::error("joget.pool.maxActive", "0 connections reach no database"));
    }
    problems
}

fn replicas(spec: &Spec) -> Option<Problem> {
    let n = spec.joget.replicas;
    let workers = spec.workers().len();
    match (spec.joget.edition, n) {
        (_, 0) => Some(Problem::error("joget.replicas", "0 runs nothing").help("1 or more")),
        (Edition::Community, 2..) => {
            let message = format!(
                "{n} needs the enterprise edition; community runs one replica and is restarted elsewhere when its worker dies"
            );
            Some(Problem::error("joget.replicas", message))
        }
        (Edition::Enterprise, _) if usize::try_from(n).unwrap_or(usize::MAX) > workers => {
            let message =
                format!("{n} replicas on {}: some share one and fall together", super::counted(workers, "worker"));
            Some(Problem::warning("joget.replicas", message))
        }
        (Edition::Community | Edition::Enterprise, _) => None,
    }
}

fn host(joget: &Joget) -> Option<Problem> {
    let is_address = joget.host.address().is_some();
    let message = format!("{} is an address: certificates and sessions need a name", joget.host);
    is_address.then(|| {
        Problem::error("joget.host", message).help("use a name that resolves to vips.apps, for example myapp.com")
    })
}

fn resources(joget: &Joget) -> Vec<Problem> {
    let r = &joget.resources;
    let mut problems = Vec::new();
    for (name, amounts) in [("requests", &r.requests), ("limits", &r.limits)] {
        problems.extend(plausible(name, amounts));
    }
    let above = |a: &Option<Quantity>, b: &Option<Quantity>| {
        a.as_ref().zip(b.as_ref()).is_some_and(|(request, limit)| request.millicores() > limit.millicores())
    };
    let pairs = [("cpu", &r.requests.cpu, &r.limits.cpu), ("memory", &r.requests.memory, &r.limits.memory)];
    for (name, request, limit) in pairs {
        if above(request, limit) {
            let path = format!("joget.resources.requests.{name}");
            problems.push(
                Problem::error(path, "more is set aside than the limit allows")
                    .help("requests may be at most the limits"),
            );
        }
    }
    problems
}

fn plausible(name: &str, amounts: &Amounts) -> Vec<Problem> {
    let memory = amounts.memory.as_ref().filter(|m| m.bytes() < LEAST_MEMORY);
    let memory = memory.map(|m| {
        let message = format!("{m} of memory is too little for Joget to start");
        Problem::error(format!("joget.resources.{name}.memory"), message).help("write a unit, for example 2Gi")
    });
    let cpu = amounts.cpu.as_ref().filter(|c| c.millicores() == 0 || c.millicores() > 1_000_000);
    let cpu = cpu.map(|c| {
        Problem::error(format!("joget.resources.{name}.cpu"), format!("{c} cores")).help("cores, for example 500m or 2")
    });
    memory.into_iter().chain(cpu).collect()
}

fn probe(joget: &Joget) -> Vec<Problem> {
    let p = &joget.probe;
    let form = p.form.as_ref();
    let paths = [("joget.probe.path", Some(&p.path)), ("joget.probe.form.path", form.map(|f| &f.path))];
    let paths = paths.into_iter().filter_map(|(at, path)| path.and_then(|path| url_path(at, path)));
    let names = form.map(|f| [("field", &f.field), ("table", &f.table), ("column", &f.column)]);
    let names = names.into_iter().flatten().filter_map(|(at, name)| word(&format!("joget.probe.form.{at}"), name));
    let mut problems: Vec<Problem> = paths.chain(names).collect();
    if p.timeout.ms() == 0 || p.timeout > p.interval {
        let message = format!("{} is not between 1ms and joget.probe.interval ({})", p.timeout, p.interval);
        problems.push(Problem::error("joget.probe.timeout", message));
    }
    problems
}

fn url_path(at: &str, path: &str) -> Option<Problem> {
    let fits = path.starts_with('/') && path.bytes().all(|b| b.is_ascii_graphic() && !b"\"'`\\<>".contains(&b));
    (!fits).then(|| {
        Problem::error(at, format!("{path:?} is no path of a URL"))
            .help("it begins with '/', for example /jw/web/login")
    })
}

/// A word that can stand in a form and in SQL as it is.
fn word(at: &str, name: &str) -> Option<Problem> {
    let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    let fits = (1..=64).contains(&name.len()) && plain;
    (!fits).then(|| Problem::error(at, format!("{name:?} is no plain name")).help("letters, digits and '_'"))
}
