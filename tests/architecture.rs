//! The house rules that can be checked: arrows, purity, file lengths, module docs, forbidden names, one role a method.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read the tree must fail")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use ha_coordinator::api::roles::{TABLE, allowed};
use prost::Message as _;

/// Which of our crates may depend on which.
const ARROWS: &[(&str, &[&str])] = &[
    ("ha-domain", &[]),
    ("ha-proto", &["ha-domain"]),
    ("ha-transport", &["ha-domain"]),
    ("ha-coordinator", &["ha-domain", "ha-proto", "ha-transport"]),
    ("ha-agent", &["ha-domain", "ha-proto", "ha-transport"]),
    ("hactl", &["ha-domain", "ha-proto", "ha-transport"]),
    ("ha-tests", &["ha-domain", "ha-proto", "ha-transport", "ha-coordinator", "ha-agent", "hactl"]),
];

/// What `domain` may never reach.
const IMPURE: &[&str] = &["tokio", "tonic", "rand", "rustls", "hyper", "openraft", "redb", "chrono", "reqwest"];

/// Longest a file may be, in lines.
const LONGEST: usize = 500;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn metadata() -> serde_json::Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Direct dependencies of our crates, tests and build scripts left out.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let metadata = metadata();
    let packages = metadata["packages"].as_array().unwrap();
    let direct = |p: &serde_json::Value| {
        let all = p["dependencies"].as_array().unwrap().iter().filter(|d| d["kind"].is_null());
        all.map(|d| d["name"].as_str().unwrap().to_owned()).collect()
    };
    packages.iter().map(|p| (p["name"].as_str().unwrap().to_owned(), direct(p))).collect()
}

/// Every source file that we wrote.
fn sources() -> Vec<PathBuf> {
    let mut files = Vec::new();
    let folders = ["domain", "proto", "transport", "coordinator", "agent", "hactl", "tests", "docker/joget-standin"];
    for folder in folders {
        walk(&root().join(folder), &mut files);
    }
    files
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        let name = entry.file_name().into_string().unwrap();
        if path.is_dir() && !matches!(name.as_str(), "target" | "gen") {
            walk(&path, files);
        } else if name.ends_with(".rs") {
            files.push(path);
        }
    }
}

fn text(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn arrows_point_down() {
    let allowed: BTreeMap<_, BTreeSet<_>> =
        ARROWS.iter().map(|(name, to)| (*name, to.iter().copied().collect())).collect();
    for (name, dependencies) in dependencies() {
        let may = allowed.get(name.as_str()).unwrap_or_else(|| panic!("{name} has no row in ARROWS"));
        for dependency in dependencies.iter().filter(|d| allowed.contains_key(d.as_str())) {
            assert!(may.contains(dependency.as_str()), "{name} must not depend on {dependency}");
        }
    }
}

#[test]
fn domain_is_pure() {
    let dependencies = &dependencies()["ha-domain"];
    for impure in IMPURE {
        assert!(!dependencies.contains(*impure), "ha-domain must not depend on {impure}");
    }
}

#[test]
fn the_lints_of_domain_repeat_those_of_the_root() {
    let (root_lints, domain) = (text(&root().join("clippy.toml")), text(&root().join("domain/clippy.toml")));
    for line in root_lints.lines().filter(|l| l.contains('=') && !l.trim_end().ends_with('[')) {
        assert!(domain.contains(line.trim()), "domain/clippy.toml lacks: {line}");
    }
}

#[test]
fn consensus_stays_in_the_store() {
    for path in sources()
        .iter()
        .filter(|p| !p.starts_with(root().join("coordinator/src/store")) && !p.ends_with("architecture.rs"))
    {
        assert!(!text(path).contains("openraft::"), "{} uses openraft", path.display());
    }
}

#[test]
fn no_file_is_longer_than_it_may_be() {
    for path in sources() {
        let lines = text(&path).lines().count();
        assert!(lines <= LONGEST, "{} has {lines} lines", path.display());
    }
}

#[test]
fn every_file_says_what_it_is_for() {
    for path in sources() {
        assert!(text(&path).starts_with("//!"), "{} does not begin with //!", path.display());
    }
}

#[test]
fn the_loss_of_a_worker_is_told_with_the_time_that_joget_tolerates() {
    let template = text(&root().join("agent/src/execute/templates/joget.yaml.j2"));
    let tolerated: Vec<_> = template.lines().filter(|l| l.contains("tolerationSeconds")).collect();
    let told = format!("tolerationSeconds: {}}}", ha_domain::whatif::EVICTED_AFTER_S);
    assert!(!tolerated.is_empty() && tolerated.iter().all(|l| l.contains(&told)), "{tolerated:?}");
}

#[test]
fn no_file_has_a_name_that_says_nothing() {
    const FORBIDDEN: &[&str] =
        &["util.rs", "utils.rs", "common.rs", "helper.rs", "helpers.rs", "manager.rs", "misc.rs", "base_types.rs"];
    for path in sources() {
        let name = path.file_name().unwrap().to_str().unwrap();
        assert!(!FORBIDDEN.contains(&name), "{}", path.display());
    }
}

#[test]
fn every_method_has_a_row_in_the_role_table_and_every_row_a_method() {
    let set = prost_types::FileDescriptorSet::decode(ha_proto::DESCRIPTOR).unwrap();
    let mut methods = BTreeSet::new();
    for file in &set.file {
        for service in &file.service {
            for method in &service.method {
                methods.insert(format!("/{}.{}/{}", file.package(), service.name(), method.name()));
            }
        }
    }
    for method in &methods {
        assert!(allowed(method).is_some(), "{method} has no row");
    }
    for (path, _) in TABLE {
        assert!(methods.contains(*path), "{path} is no method");
    }
    assert!(methods.len() > 25);
}
