//! `hactl` as a program, without any coordinator: what it prints and what it ends in.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should fail")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn hactl(folder: &Path, args: &[&str], input: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_hactl"))
        .args(args)
        .current_dir(folder)
        .env("HA_CONFIG_DIR", folder.join("config"))
        .env_remove("HACTL_CONTEXT")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that does not read its input may be gone already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn err(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[track_caller]
fn ends(output: &Output, code: i32) {
    assert_eq!(output.status.code(), Some(code), "stdout: {}\nstderr: {}", out(output), err(output));
}

/// A copy of the template with a change.
fn spec(folder: &Path, change: impl Fn(String) -> String) {
    let made = hactl(folder, &["spec", "init"], "");
    ends(&made, 0);
    std::fs::write(folder.join("cluster.yaml"), change(out(&made))).unwrap();
}

#[test]
fn spec_init_writes_a_file_that_spec_check_finds_right() {
    let folder = tempfile::tempdir().unwrap();
    ends(&hactl(folder.path(), &["spec", "init", "cluster.yaml"], ""), 0);
    let checked = hactl(folder.path(), &["spec", "check", "-f", "cluster.yaml"], "");
    ends(&checked, 0);
    assert!(out(&checked).contains("no problem; acme with 9 machines"), "{}", out(&checked));
}

#[test]
fn spec_init_never_writes_over_a_file() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("cluster.yaml"), "mine").unwrap();
    let again = hactl(folder.path(), &["spec", "init", "cluster.yaml"], "");
    ends(&again, 2);
    assert!(err(&again).contains("there already"), "{}", err(&again));
    assert_eq!(std::fs::read_to_string(folder.path().join("cluster.yaml")).unwrap(), "mine");
}

#[test]
fn a_wrong_spec_is_refused_with_every_problem_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    spec(folder.path(), |text| {
        text.replace("- {name: m3,  role: control-plane, address: 192.168.193.23, hypervisor: hv-c}\n", "")
            .replace("  version: 1.36.4\n", "  version: 1.36.4\n  podSubnet: 192.168.0.0/16\n")
            .replace("  host: myapp.com ", "  replicas: 2\n  host: myapp.com ")
    });
    let applied = hactl(folder.path(), &["apply", "-f", "cluster.yaml"], "");
    ends(&applied, 2);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/golden/wrong-spec.txt");
    if std::env::var_os("HA_REGENERATE").is_some() {
        std::fs::write(&golden, err(&applied)).unwrap();
    }
    assert_eq!(err(&applied), std::fs::read_to_string(golden).unwrap());
    assert_eq!(out(&applied), "");
}

#[test]
fn every_verb_that_takes_a_spec_refuses_a_wrong_one_alike() {
    let folder = tempfile::tempdir().unwrap();
    spec(folder.path(), |text| text.replace("name: acme", "nmae: acme"));
    for args in [
        &["plan", "-f", "cluster.yaml"][..],
        &["spec", "check", "-f", "cluster.yaml"],
        &["spec", "show", "-f", "cluster.yaml", "-o", "json"],
    ] {
        let refused = hactl(folder.path(), args, "");
        ends(&refused, 2);
        assert!(err(&refused).contains("did you mean `name`"), "{args:?}: {}", err(&refused));
    }
}

#[test]
fn a_file_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let refused = hactl(folder.path(), &["apply", "-f", "nowhere.yaml"], "");
    ends(&refused, 2);
    assert!(err(&refused).contains("nowhere.yaml"), "{}", err(&refused));
}

#[test]
fn a_file_too_large_for_a_spec_is_not_taken_in() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("big.yaml"), "# a line\n".repeat(1_200_000)).unwrap();
    let refused = hactl(folder.path(), &["spec", "check", "-f", "big.yaml"], "");
    ends(&refused, 2);
    assert!(err(&refused).contains("is this the right file?"), "{}", err(&refused));
}

#[test]
fn defaults_are_written_out_and_the_result_is_a_spec_again() {
    let folder = tempfile::tempdir().unwrap();
    spec(folder.path(), |text| text);
    let shown = hactl(folder.path(), &["spec", "show", "--defaults", "-f", "cluster.yaml"], "");
    ends(&shown, 0);
    assert!(out(&shown).contains("podSubnet: 10.244.0.0/16"), "{}", out(&shown));
    let again = hactl(folder.path(), &["spec", "check", "-f", "-"], &out(&shown));
    ends(&again, 0);
}

#[test]
fn the_schema_is_a_schema_and_the_present_format_needs_no_migration() {
    let folder = tempfile::tempdir().unwrap();
    let schema = hactl(folder.path(), &["spec", "schema"], "");
    ends(&schema, 0);
    let parsed: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(parsed["properties"]["machines"].is_object());
    spec(folder.path(), |text| text);
    let migrated = hactl(folder.path(), &["spec", "migrate", "-f", "cluster.yaml"], "");
    ends(&migrated, 0);
    assert_eq!(out(&migrated), std::fs::read_to_string(folder.path().join("cluster.yaml")).unwrap());
}

#[test]
fn verbs_that_need_a_login_say_how_to_get_one() {
    let folder = tempfile::tempdir().unwrap();
    for verb in ["status", "watch", "plan", "steps", "events", "kubeconfig", "whatif"] {
        let refused = hactl(folder.path(), &[verb], "");
        ends(&refused, 2);
        assert!(err(&refused).contains("hactl login"), "{verb}: {}", err(&refused));
    }
}

#[test]
fn a_login_string_that_was_cut_short_is_not_tried() {
    let folder = tempfile::tempdir().unwrap();
    let refused = hactl(folder.path(), &["login", "-"], "hal1.abc\n");
    ends(&refused, 2);
    assert!(!err(&refused).contains("abc"), "a part of a secret is shown: {}", err(&refused));
}

#[test]
fn a_command_line_that_is_wrong_is_refused_input_too() {
    let folder = tempfile::tempdir().unwrap();
    ends(&hactl(folder.path(), &["token", "create", "--name", "w1", "--role", "king"], ""), 2);
    ends(&hactl(folder.path(), &["no-such-verb"], ""), 2);
}

#[test]
fn version_works_without_a_login() {
    let folder = tempfile::tempdir().unwrap();
    let shown = hactl(folder.path(), &["version"], "");
    ends(&shown, 0);
    assert!(out(&shown).contains("not logged in"), "{}", out(&shown));
}

#[test]
fn manual_pages_and_completions_are_made_for_the_package() {
    let folder = tempfile::tempdir().unwrap();
    ends(&hactl(folder.path(), &["man", "man"], ""), 0);
    let page = std::fs::read_to_string(folder.path().join("man/hactl-apply.1")).unwrap();
    assert!(page.contains("hactl") && page.contains("dry"), "{page}");
    let completion = hactl(folder.path(), &["completion", "bash"], "");
    ends(&completion, 0);
    assert!(out(&completion).contains("_hactl"));
}
