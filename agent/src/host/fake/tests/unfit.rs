//! Machines that do not fit: the wrong address, an older cluster or database on them, a clock that is off, no such package.

use ha_domain::step::{Action, CLOCK_FACT, Component, Preflight};

use super::site::{SPEC, Site};
use crate::host::{Host, HostError};

async fn fresh() -> Site {
    let mut site = Site::new(SPEC).await;
    site.observe().await;
    site
}

/// The first look at a machine, with something changed.
async fn look(site: &Site, name: &str, change: impl FnOnce(&mut Preflight)) -> Result<(), String> {
    let step = site.plan().steps.into_iter().find(|s| s.name.as_str() == name).unwrap();
    let Action::Preflight(mut asked) = step.action else { panic!("{}", step.id) };
    change(&mut asked);
    site.ensure(&step.name, &Action::Preflight(asked)).await.map_err(|e| e.to_string())
}

#[tokio::test]
async fn a_machine_at_another_address_than_the_spec_says_is_refused_with_its_own() {
    let site = fresh().await;
    let refused = look(&site, "m1", |p| p.address = "10.0.0.29".parse().unwrap()).await.unwrap_err();
    assert!(refused.contains("address: the spec says 10.0.0.29, the machine has 10.0.0.21"), "{refused}");
    look(&site, "m1", |_| ()).await.unwrap();
}

#[tokio::test]
async fn an_older_cluster_is_refused_with_what_was_found_and_cannot_be_ignored() {
    let site = fresh().await;
    let found = ["/etc/kubernetes/admin.conf", "/var/lib/etcd/member/snap/db"];
    found.iter().for_each(|path| site.machine("m1").edit(path, "of an older cluster"));
    let ignore = |p: &mut Preflight| p.ignore = ["older-cluster", "leftovers"].map(str::to_owned).to_vec();
    let refused = look(&site, "m1", ignore).await.unwrap_err();
    for told in ["older cluster", "/etc/kubernetes/admin.conf", "/var/lib/etcd/member", "back up", "kubeadm reset"] {
        assert!(refused.contains(told), "{told}: {refused}");
    }
    assert_eq!(site.machine("m1").text(found[1]).as_deref(), Some("of an older cluster"));
}

#[tokio::test]
async fn an_older_database_is_refused_and_taken_up_only_when_that_is_asked_for() {
    let site = fresh().await;
    site.machine("db1").edit("/var/lib/mysql/ibdata1", "of an older database");
    let refused = look(&site, "db1", |_| ()).await.unwrap_err();
    assert!(refused.contains("a database is here already (/var/lib/mysql)"), "{refused}");
    look(&site, "db1", |p| p.ignore = vec!["leftovers".to_owned()]).await.unwrap();
}

#[tokio::test]
async fn what_we_made_ourselves_is_no_leftover() {
    let mut site = fresh().await;
    site.converge(|_| ()).await;
    for name in ["m1", "w1", "db1"] {
        let mut steps = site.state.journal.values().map(|r| &r.step);
        let step = steps.find(|s| (s.name.as_str(), s.component()) == (name, Component::Preflight)).unwrap();
        let Action::Preflight(mut asked) = step.action.clone() else { unreachable!() };
        asked.minimum.disk_gib += 1;
        site.ensure(&step.name, &Action::Preflight(asked)).await.unwrap();
    }
}

#[tokio::test]
async fn a_clock_that_is_an_hour_off_is_seen_and_set_before_the_machine_joins() {
    for ahead in [3_600_000, -3_600_000] {
        let mut site = fresh().await;
        site.machine("w1").set_clock_ahead(ahead);
        let mut order = Vec::new();
        site.converge(|step| order.push((step.name.to_string(), step.component()))).await;
        let place = |name: &str, c| order.iter().position(|o| *o == (name.to_owned(), c)).unwrap();
        assert!(place("w1", Component::Time) < place("w1", Component::Node), "{order:?}");
        assert!(place("w2", Component::Time) > place("w2", Component::Node), "{order:?}");
        let id = site.state.machines.iter().find(|(_, m)| m.spec_name().is_some_and(|n| n.as_str() == "w1")).unwrap().0;
        let look = &site.observed[id].report.components[&Component::Preflight];
        let off: u64 = look.facts[CLOCK_FACT].parse().unwrap();
        assert!(off.abs_diff(3_600_000) < 60_000, "{off}");
        assert!(look.facts["warnings"].contains("before anything else"), "{:?}", look.facts);
    }
}

#[tokio::test]
async fn a_package_that_the_mirror_does_not_have_is_named_and_nothing_is_installed() {
    let machine = super::machine();
    let refused = machine.install_packages(&["haproxy", "nonsense"]).await.unwrap_err();
    assert!(matches!(refused, HostError::Packages { .. }) && refused.to_string().contains("nonsense"), "{refused}");
    assert_eq!(machine.missing_packages(&["haproxy"]).await.unwrap(), ["haproxy"]);
}
