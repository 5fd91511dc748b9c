//! What the system is like: distribution, control groups, disk, package manager.

use std::path::Path;
use std::time::Duration;

use ha_domain::report::Facts;
use ha_domain::spec::Role;
use ha_domain::step::Preflight;

use super::{Finding, Measured};
use crate::execute::distro::Distribution;
use crate::execute::rendered::last_lines;
use crate::execute::{ActError, Context};
use crate::host::Command;

/// etcd and a database wait for the disk at every commit: above this a leader loses its followers.
const SLOW_FSYNC: Duration = Duration::from_millis(10);
/// Below this an installation ends in the middle.
const FREE_GIB: u64 = 2;

pub(super) async fn check(
    a: &Preflight,
    cx: &Context<'_>,
    facts: &Facts,
) -> Result<(Vec<Finding>, Measured), ActError> {
    let mut findings = Vec::new();
    if let Err(unsupported) = Distribution::named(&facts.os) {
        findings.push(Finding::refusal("os", unsupported.to_string()));
    }
    let packages = packages(cx).await?;
    findings.extend(packages);
    findings.extend(cgroup(a, cx).await?);
    findings.extend(free(cx, facts).await?);
    let (fsync, measured) = fsync(cx).await?;
    findings.extend(fsync);
    Ok((findings, measured))
}

/// kubelet and containerd are made for version 2; version 1 works where the site's own settings allow it.
async fn cgroup(a: &Preflight, cx: &Context<'_>) -> Result<Option<Finding>, ActError> {
    let is_node = match a.role {
        Role::ControlPlane | Role::Worker | Role::Spare => true,
        Role::LoadBalancer | Role::Database | Role::Storage => false,
    };
    let v2 = cx.host.stat(Path::new("/sys/fs/cgroup/cgroup.controllers")).await?.is_some();
    let text = "control groups of version 1; boot with systemd.unified_cgroup_hierarchy=1, or ignore this check and set \
                kubernetes.kubelet.failCgroupV1 to false";
    Ok((is_node && !v2).then(|| Finding::refusal("cgroup", text.to_owned())))
}

async fn free(cx: &Context<'_>, facts: &Facts) -> Result<Option<Finding>, ActError> {
    let used = u64::from(cx.host.load().await?.disk_percent);
    let free = facts.disk_gib * 100_u64.saturating_sub(used) / 100;
    let text =
        || format!("{free} GiB are free on the root file system, {FREE_GIB} are needed to install anything: make room");
    Ok((facts.disk_gib > 0 && free < FREE_GIB).then(|| Finding::refusal("disk", text())))
}

async fn fsync(cx: &Context<'_>) -> Result<(Option<Finding>, Measured), ActError> {
    let latency = cx.host.fsync_latency(cx.ledger.state_dir()).await?;
    let ms = format!("{:.1}", latency.as_secs_f64() * 1000.0);
    let slow = || {
        let text = format!("an fsync takes {ms} ms (99th percentile), etcd wants less than 10: use a faster disk");
        Finding::warning("fsync", text)
    };
    let measured = crate::execute::distro::facts([("fsyncP99Ms", ms.clone())]);
    Ok(((latency > SLOW_FSYNC).then(slow), measured))
}

/// A package manager in use is waited for later; a broken one must be mended by hand.
async fn packages(cx: &Context<'_>) -> Result<Vec<Finding>, ActError> {
    let (audit, check) = tokio::join!(
        cx.host.run(Command::new("dpkg", &["--audit"])),
        cx.host.run(Command::new("apt-get", &["check", "--quiet"]).timeout(Duration::from_secs(120)))
    );
    let (audit, check) = (audit?, check?);
    Ok(package_findings(&audit.text(), check.ok(), &check.stderr))
}

fn package_findings(audit: &str, check_passed: bool, check_said: &str) -> Vec<Finding> {
    let held = check_said.lines().find(|l| l.contains("It is held by process"));
    if let Some(held) = held {
        let text = format!("the package manager is in use ({}); it is waited for", held.trim_start_matches("E: "));
        return vec![Finding::warning("packages", text)];
    }
    let mut findings = Vec::new();
    if !audit.trim().is_empty() {
        let text = format!(
            "packages are half installed: run `dpkg --configure -a` and look at `dpkg --audit` ({})",
            last_lines(audit)
        );
        findings.push(Finding::refusal("packages", text));
    }
    if !check_passed {
        let text =
            format!("the package manager is broken: run `apt-get --fix-broken install` ({})", last_lines(check_said));
        findings.push(Finding::refusal("packages", text));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_is_waited_for_and_a_broken_package_manager_refused() {
        let held = "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 81 (apt-get)\n";
        let found = package_findings("", false, held);
        assert!(!found[0].refuses && found[0].text.contains("process 81 (apt-get)"));
        let broken = package_findings("", false, "E: Unmet dependencies. Try 'apt --fix-broken install'");
        assert!(broken[0].refuses && broken[0].text.contains("fix-broken"));
        let half = package_findings("The following packages are only half configured:\n haproxy\n", true, "");
        assert!(half[0].refuses && half[0].text.contains("dpkg --configure -a"));
        assert_eq!(package_findings("", true, ""), []);
    }
}
