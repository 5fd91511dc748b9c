//! What may follow on what: one sentence each, made by changing one thing of a site that stands.

#![expect(clippy::unwrap_used, reason = "tests may fail, read files and measure")]

use ha_domain::catalog::Catalog;
use ha_domain::spec::{Problem, Severity, Spec, check_change, check_removal, check_reported, parse};

const SITE: &str = include_str!("spec/fine.yaml");

fn site(replacements: &[(&str, &str)]) -> Spec {
    let mut text = SITE.to_owned();
    for (from, to) in replacements {
        assert!(text.contains(from), "{from}");
        text = text.replace(from, to);
    }
    parse(&text).unwrap()
}

fn change(replacements: &[(&str, &str)]) -> Vec<Problem> {
    check_change(&site(&[]), &site(replacements))
}

fn only(problems: &[Problem], path: &str, words: &str) {
    assert_eq!(problems.len(), 1, "{problems:?}");
    assert_eq!(problems[0].path, path);
    assert!(problems[0].message.contains(words), "{}", problems[0].message);
    assert!(!problems[0].help.is_empty());
}

const M2: &str = "- {name: m2,  role: control-plane, address: 192.168.193.22}\n";
const M3: &str = "- {name: m3,  role: control-plane, address: 192.168.193.23}\n";
const W2: &str = "- {name: w2,  role: worker,        address: 192.168.193.32}\n";
const DB: &str = "- {name: db1, role: database,      address: 192.168.193.41}\n";

#[test]
fn the_same_spec_again_is_no_problem() {
    assert_eq!(change(&[]), []);
}

#[test]
fn the_version_stays_while_nothing_can_upgrade_a_cluster() {
    for version in ["1.36.9", "1.37.2", "1.38.0", "1.36.3", "1.35.9"] {
        only(&change(&[("1.36.4", version)]), "kubernetes.version", "cannot upgrade a cluster that runs");
    }
}

#[test]
fn the_name_stays() {
    only(&change(&[("name: acme", "name: other")]), "name", "every certificate");
}

#[test]
fn the_networks_stay() {
    let k = "{version: 1.36.4";
    only(&change(&[(k, "{version: 1.36.4, podSubnet: 10.9.0.0/16")]), "kubernetes.podSubnet", "every node and pod");
    only(&change(&[(k, "{version: 1.36.4, serviceSubnet: 10.32.0.0/16")]), "kubernetes.serviceSubnet", "every service");
}

#[test]
fn the_api_vip_stays_and_the_apps_vip_may_move() {
    only(&change(&[("192.168.193.135", "192.168.193.137")]), "vips.api", "kubeconfig");
    assert_eq!(change(&[("192.168.193.136", "192.168.193.137")]), []);
}

#[test]
fn the_database_kind_and_name_stay() {
    only(&change(&[("kind: mariadb", "kind: postgresql")]), "database.kind", "the data would stay behind");
    only(&change(&[("kind: mariadb", "kind: mariadb, name: other")]), "database.name", "the data would stay behind");
}

#[test]
fn the_storage_kind_stays() {
    only(&change(&[("kind: shared", "kind: local")]), "storage.kind", "the uploads");
}

#[test]
fn settings_workers_and_replicas_may_change() {
    let joget = "host: myapp.com, edition: enterprise, replicas: 2";
    assert_eq!(change(&[("host: myapp.com", joget)]), []);
    assert_eq!(change(&[(W2, "")]), []);
    assert_eq!(change(&[("kind: mariadb", "kind: mariadb, maxConnections: 400")]), []);
}

#[test]
fn one_of_three_control_planes_may_be_replaced_but_not_two() {
    let m4 = "- {name: m4, role: control-plane, address: 192.168.193.24}\n";
    let m5 = "- {name: m5, role: control-plane, address: 192.168.193.25}\n";
    assert_eq!(change(&[(M3, m4)]), []);
    only(&change(&[(M3, m4), (M2, m5)]), "machines", "keeps 1 of the control planes m1, m2 and m3: quorum is 2");
}

#[test]
fn control_planes_may_grow_from_one_to_three_to_five() {
    let one = site(&[(M2, ""), (M3, "")]);
    assert_eq!(check_change(&one, &site(&[])), []);
    let more = format!(
        "{M3}- {{name: m4, role: control-plane, address: 192.168.193.24}}\n- {{name: m5, role: control-plane, address: 192.168.193.25}}\n"
    );
    assert_eq!(change(&[(M3, &more)]), []);
    assert_eq!(check_change(&site(&[(M3, &more)]), &site(&[])), [], "five may shrink to three");
}

#[test]
fn a_machine_changes_neither_its_role_nor_its_address_in_place() {
    let turned = W2.replace("worker", "storage");
    only(&change(&[(W2, &turned)]), "machines[6].role", "cannot turn from worker into storage");
    only(&change(&[("193.32", "193.39")]), "machines[6].address", "cannot move");
}

#[test]
fn a_spare_may_take_any_role_and_any_machine_may_become_a_spare() {
    let spare = W2.replace("worker", "spare");
    let with_spare = site(&[(W2, &spare)]);
    assert_eq!(check_change(&with_spare, &site(&[])), []);
    assert_eq!(change(&[(W2, &spare)]), []);
}

#[test]
fn the_only_database_machine_cannot_be_swapped_for_another() {
    let other = DB.replace("db1", "db2").replace("193.41", "193.42");
    only(&change(&[(DB, &other)]), "machines", "removes db1, and the data with it");
}

#[test]
fn a_gateway_that_machines_report_must_not_lie_in_the_pods_network() {
    let gateway = |address: &str| vec![("the gateway of w1".to_owned(), address.parse().unwrap())];
    assert_eq!(check_reported(&site(&[]), &gateway("192.168.193.1")), []);
    only(
        &check_reported(&site(&[]), &gateway("10.244.0.1")),
        "kubernetes.podSubnet",
        "contains the gateway of w1 (10.244.0.1)",
    );
}

#[test]
fn a_second_database_machine_may_come_and_go_but_not_take_the_place_of_the_first() {
    let second = format!("{DB}{}", DB.replace("db1", "db2").replace("193.41", "193.42"));
    assert_eq!(change(&[(DB, &second)]), []);
    let two = site(&[(DB, &second)]);
    assert_eq!(check_change(&two, &site(&[])), []);
    let other = DB.replace("db1", "db2").replace("193.41", "193.42");
    only(&check_change(&two, &site(&[(DB, &other)])), "machines", "removes db1, and the data with it");
}

#[test]
fn the_machine_that_has_the_uploads_stays() {
    let nfs = |server: &str| site(&[("kind: shared", &format!("kind: nfs, server: {server}"))]);
    assert_eq!(check_change(&nfs("10.1.1.1"), &nfs("10.1.1.1")), []);
    only(&check_change(&nfs("10.1.1.1"), &nfs("10.1.1.2")), "storage", "from 10.1.1.1 to 10.1.1.2");
}

/// Severity and message of everything that is said of a removal.
fn removal(spec: &Spec, name: &str) -> Vec<(Severity, String)> {
    let problems = check_removal(spec, &name.parse().unwrap(), &ha_domain::catalog::Catalog::built_in());
    problems.into_iter().map(|p| (p.severity, p.message)).collect()
}

#[test]
fn what_a_removal_costs_is_told_and_what_the_site_cannot_do_without_is_refused() {
    use Severity::{Error, Warning};
    let rows: [(&str, Severity, &str); 4] = [
        ("m3", Warning, "2 control planes tolerate no failure"),
        ("w2", Warning, "1 worker"),
        ("lb1", Warning, "1 load balancer"),
        ("db1", Error, "no database machine"),
    ];
    for (name, severity, words) in rows {
        let told = removal(&site(&[(&workers_but_two(), "")]), name);
        assert!(told.iter().any(|(s, m)| *s == severity && m.contains(words)), "{name}: {told:?}");
        assert_eq!(told.iter().any(|(s, _)| *s == Error), severity == Error, "{name}: {told:?}");
    }
}

/// The lines of all workers but the first two.
fn workers_but_two() -> String {
    let lines = SITE.lines().filter(|l| l.contains("role: worker")).skip(2);
    lines.map(|l| format!("{l}\n")).collect()
}

#[test]
fn a_coordinator_that_is_named_goes_with_its_machine_unless_it_is_the_only_one() {
    let named = |list: &str| site(&[("vips:", &format!("coordinators: {list}\nvips:"))]);
    let three = removal(&named("[m1, m2, m3]"), "m3");
    assert!(three.iter().any(|(s, m)| *s == Severity::Warning && m.contains("2 coordinators")), "{three:?}");
    assert!(three.iter().all(|(s, _)| *s == Severity::Warning), "{three:?}");
    let only = removal(&named("[m3]"), "m3");
    assert!(only.iter().any(|(s, m)| *s == Severity::Error && m.contains("no other machine")), "{only:?}");
}

#[test]
fn an_even_number_of_control_planes_is_refused_unless_the_site_has_just_these_already() {
    let (two, catalog) = (SITE.replace(M3, ""), Catalog::built_in());
    assert!(
        ha_domain::spec::read(&two, &catalog).unwrap_err().iter().any(|p| p.message.contains("tolerate no failure"))
    );
    let (spec, told) = ha_domain::spec::read_where(&two, &catalog, |_| true).unwrap();
    assert!(told.iter().any(|p| p.message.contains("2 control planes tolerate no failure")), "{told:?}");
    let (three, _) = ha_domain::spec::read(SITE, &catalog).unwrap();
    assert!(ha_domain::spec::same_members(&spec, &spec) && !ha_domain::spec::same_members(&three, &spec));
}
