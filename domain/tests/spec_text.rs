//! The text of a spec: its limits, the template, the schema, and that nothing is lost between text and spec.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may fail, read files and measure")]

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use ha_domain::catalog::Catalog;
use ha_domain::spec::{MAX_BYTES, Spec, check, migrate, parse, read, schema, template, with_defaults};
use proptest::prelude::*;
use serde_json::Value;

const FINE: &str = include_str!("spec/fine.yaml");

/// Generous, since tests run unoptimised on busy machines: what it guards against takes minutes or for ever.
const GOOD_TIME: Duration = Duration::from_secs(60);

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::built_in);

#[test]
fn the_template_passes_every_check_without_a_warning() {
    let (spec, warnings) = read(template(), &CATALOG).unwrap();
    assert_eq!(warnings, []);
    assert_eq!(spec.machines.len(), 9);
}

#[test]
fn what_the_template_shows_as_a_default_is_the_default() {
    let shown = template().lines().map(|line| line.strip_prefix('#').unwrap_or(line));
    let wanted = ["podSubnet: 10.244.0.0/16", "advertInterval: 200ms", "maxConnections: 300", "pool: {maxActive: 100}"];
    for text in wanted {
        assert!(shown.clone().any(|line| line.trim().starts_with(text)), "{text}");
    }
    let spec = parse(template()).unwrap();
    assert_eq!(spec.kubernetes.pod_subnet.to_string(), "10.244.0.0/16");
    assert_eq!(spec.load_balancers.advert_interval.ms(), 200);
    assert_eq!((spec.database.max_connections, spec.joget.pool.max_active), (300, 100));
    assert_eq!((spec.joget.replicas, spec.policy.remove_after.secs()), (1, 600));
}

#[test]
fn every_default_can_be_read_and_written() {
    let spec = parse(FINE).unwrap();
    let written = with_defaults(&spec).unwrap();
    for section in ["loadBalancers:", "ingress:", "policy:", "secrets:", "podSubnet: 10.244.0.0/16", "removeAfter: 10m"]
    {
        assert!(written.contains(section), "{section} in\n{written}");
    }
    assert_eq!(parse(&written).unwrap(), spec);
}

#[test]
fn a_file_of_ten_megabytes_is_refused_before_it_is_read() {
    let large = format!("{FINE}# {}", "x".repeat(10 << 20));
    let problems = parse(&large).unwrap_err();
    assert_eq!(problems.len(), 1);
    assert!(problems[0].message.contains(&MAX_BYTES.to_string()), "{}", problems[0].message);
}

#[test]
fn a_bomb_of_aliases_is_refused_in_good_time() {
    let begin = Instant::now();
    let problems = parse(include_str!("spec/bomb.yaml")).unwrap_err();
    assert!(begin.elapsed() < GOOD_TIME, "{:?}", begin.elapsed());
    assert!(problems[0].message.contains("aliases"), "{}", problems[0].message);
}

#[test]
fn a_file_with_more_values_anchors_or_aliases_than_a_spec_can_have_is_refused() {
    let many = |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(", ");
    for (text, told) in [
        (format!("{FINE}x: [{}]\n", many(110_000, &|_| "1".to_owned())), "more values"),
        (format!("{FINE}x: [{}]\n", many(300, &|n| format!("&a{n} 1"))), "more anchors and aliases"),
        (format!("{FINE}a: &a 1\nx: [{}]\n", many(300, &|_| "*a".to_owned())), "more anchors and aliases"),
    ] {
        let problems = parse(&text).unwrap_err();
        assert!(problems[0].message.contains(told), "{told}: {}", problems[0].message);
        assert_eq!(problems.len(), 1);
    }
}

#[test]
fn a_file_full_of_mistakes_is_answered_in_good_time_and_with_a_bounded_list() {
    let wrong: String = (0..5_000).map(|n| format!("setting{n}: 1\n")).collect();
    let begin = Instant::now();
    let problems = parse(&format!("{FINE}{wrong}")).unwrap_err();
    assert!(begin.elapsed() < GOOD_TIME, "{:?}", begin.elapsed());
    assert_eq!(problems.len(), 40);
}

#[test]
fn words_that_yaml_1_1_takes_for_booleans_stay_words() {
    let spec = parse(&format!("{FINE}firewall: off\ningress: {{tls: off}}\n")).unwrap();
    let written = with_defaults(&spec).unwrap();
    assert_eq!(parse(&written).unwrap(), spec);
    assert_eq!(serde_json::to_value(&spec).unwrap()["firewall"], "off");
}

#[test]
fn a_bare_number_is_taken_as_text_where_text_is_meant() {
    let text = FINE.replace("{version: 1.36.4}", "{version: 1.36.4, apiServer: {extraArgs: {audit-log-maxage: 030}}}");
    let spec = parse(&text).unwrap();
    assert_eq!(spec.kubernetes.api_server.extra_args["audit-log-maxage"], "030");
}

#[test]
fn overrides_keep_their_types() {
    let text =
        FINE.replace("{version: 1.36.4}", "{version: 1.36.4, kubelet: {failSwapOn: false, maxPods: 50, a: {b: [x]}}}");
    let kubelet = parse(&text).unwrap().kubernetes.kubelet;
    assert_eq!(Value::Object(kubelet), serde_json::json!({"failSwapOn": false, "maxPods": 50, "a": {"b": ["x"]}}));
}

#[test]
fn migrating_the_present_format_changes_nothing_and_an_unknown_one_is_refused() {
    assert_eq!(migrate(FINE).unwrap(), FINE);
    assert!(migrate(&FINE.replace("version: 1\n", "version: 7\n")).is_err());
    assert!(migrate("name: acme\n").is_err());
}

#[test]
fn every_setting_in_the_schema_is_described_and_unknown_ones_are_refused() {
    fn walk(value: &Value, path: &str, bare: &mut Vec<String>) {
        if let Some(properties) = value.get("properties").and_then(Value::as_object) {
            if value.get("additionalProperties") != Some(&Value::Bool(false)) {
                bare.push(format!("{path}: takes unknown settings"));
            }
            for (name, property) in properties {
                if property.get("description").is_none() {
                    bare.push(format!("{path}.{name}"));
                }
            }
        }
        for (name, child) in value.as_object().into_iter().flatten() {
            walk(child, &format!("{path}/{name}"), bare);
        }
    }
    let mut bare = Vec::new();
    walk(&schema(), "", &mut bare);
    assert_eq!(bare, Vec::<String>::new());
    assert!(schema()["properties"]["kubernetes"].is_object());
}

prop_compose! {
    fn wanted()(
        masters in 0_usize..7, workers in 0_usize..4, balancers in 0_usize..3, databases in 0_usize..3,
        postgresql: bool, enterprise: bool, replicas in 0_u32..4, connections in 0_u32..2_000, active in 0_u32..200,
        storage in prop::sample::select(vec!["nfs", "shared", "local"]),
        tls in prop::sample::select(vec!["site-ca", "files", "off"]),
        advert in 1_u64..50, keep in 0_u32..9, name in "[a-z0-9-]{1,8}", note in "\\PC{0,12}",
        subnet in prop::sample::select(vec!["10.244.0.0/16", "192.168.0.0/16", "172.16.0.0/14"]),
    ) -> String {
        let mut machines = String::new();
        let groups = [("control-plane", masters), ("worker", workers), ("load-balancer", balancers), ("database", databases)];
        for (group, (role, count)) in groups.into_iter().enumerate() {
            for n in 0..count {
                let zone = serde_json::to_string(&note).unwrap();
                machines += &format!("- {{name: x{group}{n}, role: {role}, address: 10.7.{group}.{}, zone: {zone}}}\n", n + 1);
            }
        }
        let kind = if postgresql { "postgresql" } else { "mariadb" };
        let edition = if enterprise { "enterprise" } else { "community" };
        format!(
            "version: 1\nname: \"{name}\"\nmachines:\n{machines}vips: {{api: 10.7.2.100, apps: 10.7.2.101}}\n\
             kubernetes: {{version: 1.36.4, podSubnet: {subnet}}}\nloadBalancers: {{advertInterval: {advert}0ms}}\n\
             database: {{kind: {kind}, maxConnections: {connections}, backups: {{keep: {keep}}}}}\n\
             ingress: {{tls: {tls}}}\nstorage: {{kind: {storage}, server: 10.7.9.9}}\n\
             joget: {{image: 'r.example/j:1', host: my.app, edition: {edition}, replicas: {replicas}, pool: {{maxActive: {active}}}}}\n"
        ).replace(if storage == "nfs" { "\0" } else { ", server: 10.7.9.9" }, "")
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_spec_that_can_be_read_is_the_same_after_writing_and_reading_it(text in wanted()) {
        if let Ok(spec) = parse(&text) {
            let written = with_defaults(&spec).unwrap();
            prop_assert_eq!(&parse(&written).unwrap(), &spec, "{}", written);
            let json = serde_json::to_string(&spec).unwrap();
            prop_assert_eq!(serde_json::from_str::<Spec>(&json).unwrap(), spec);
        }
    }

    #[test]
    fn a_spec_that_passes_has_what_the_planner_relies_on(text in wanted()) {
        if let Ok((spec, _)) = read(&text, &CATALOG) {
            prop_assert_eq!(spec.control_planes().len() % 2, 1);
            prop_assert!(!spec.workers().is_empty() && !spec.balancers().is_empty() && !spec.databases().is_empty());
            prop_assert!(spec.machine_at(spec.vips.api).is_none() && spec.vips.api != spec.vips.apps);
            let mut addresses: Vec<_> = spec.machines.iter().map(|m| m.address).collect();
            addresses.sort();
            addresses.dedup();
            prop_assert_eq!(addresses.len(), spec.machines.len());
            prop_assert!(!spec.machines.iter().any(|m| spec.kubernetes.pod_subnet.contains(m.address)));
            prop_assert_eq!(spec.coordinator_machines().len() % 2, 1);
            prop_assert!(check(&spec, &CATALOG).iter().all(|p| !p.is_error()));
        }
    }

    #[test]
    fn no_text_makes_the_reader_panic(text in "[a-z0-9:\\-\\[\\]{}\n \"'&*,#|>!%.]{0,200}") {
        let _ = parse(&text);
        let _ = parse(&format!("{FINE}{text}"));
    }

    #[test]
    fn a_damaged_spec_is_read_or_refused_with_places_inside_the_file(at in 0_usize..800, with in "[a-z0-9:\\[{ \n]{0,3}") {
        let mut text: Vec<char> = FINE.chars().collect();
        let at = at.min(text.len() - 1);
        text.splice(at..=at, with.chars());
        let text: String = text.into_iter().collect();
        if let Err(problems) = parse(&text) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|p| p.line <= text.lines().count() + 1));
        }
    }
}

#[test]
fn the_generator_makes_specs_that_pass_and_specs_that_do_not() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let passes = (0..300).filter(|_| {
        let text = wanted().new_tree(&mut runner).unwrap().current();
        read(&text, &CATALOG).is_ok()
    });
    let passes = passes.count();
    assert!((5..295).contains(&passes), "{passes} of 300 pass: the properties above would say nothing");
}
