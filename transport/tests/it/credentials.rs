//! Credentials on disk: whole after a crash, private, and matched.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use ha_transport::{CredentialStore, Credentials, Error};

use crate::site::{Site, agent};

fn same(a: &Credentials, b: &Credentials) -> bool {
    a.certificate_pem == b.certificate_pem && a.key_pem.expose() == b.key_pem.expose() && a.ca_pem == b.ca_pem
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn what_was_stored_is_loaded_and_the_key_is_private() {
    let dir = tempfile::tempdir().unwrap();
    let made = Site::new("site").credentials(agent("n1"));
    made.store(dir.path(), "agent").unwrap();
    assert!(same(&Credentials::load(dir.path(), "agent").unwrap(), &made));
    assert_eq!(mode(&dir.path().join("agent.key")), 0o600);
    let mut names: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["agent.key", "agent.pem", "ca.pem"], "nothing else is left behind");
    assert_eq!(made.identity().unwrap().to_string(), "spiffe://site/agent/n1");
    assert!(made.not_before().unwrap() < made.not_after().unwrap());
}

#[test]
fn a_store_cut_short_leaves_the_old_pair_or_the_new() {
    let site = Site::new("site");
    let (old, new) = (site.credentials(agent("n1")), site.credentials(agent("n1")));
    let dir = tempfile::tempdir().unwrap();
    let at = |name: &str| dir.path().join(name);
    old.store(dir.path(), "agent").unwrap();

    fs::write(at("agent.pem.next"), &new.certificate_pem).unwrap();
    assert!(same(&Credentials::load(dir.path(), "agent").unwrap(), &old), "cut before the key was renamed");

    fs::write(at("agent.key"), new.key_pem.expose()).unwrap();
    assert!(same(&Credentials::load(dir.path(), "agent").unwrap(), &new), "cut between the two renames");
    assert!(!at("agent.pem.next").exists(), "the store was finished");
    assert!(same(&Credentials::load(dir.path(), "agent").unwrap(), &new));

    fs::rename(at("agent.pem"), at("agent.pem.next")).unwrap();
    assert!(same(&Credentials::load(dir.path(), "agent").unwrap(), &new), "cut in the very first store");
}

#[test]
fn a_key_of_another_certificate_is_refused() {
    let site = Site::new("site");
    let dir = tempfile::tempdir().unwrap();
    let made = site.credentials(agent("n1"));
    made.store(dir.path(), "agent").unwrap();
    let mixed = Credentials { key_pem: site.credentials(agent("n1")).key_pem, ..made.clone() };
    assert!(mixed.store(dir.path(), "agent").is_err());
    fs::write(dir.path().join("agent.key"), mixed.key_pem.expose()).unwrap();
    let refused = Credentials::load(dir.path(), "agent").unwrap_err();
    assert!(refused.to_string().contains("another certificate"), "{refused}");
    assert!(CredentialStore::new(mixed).is_err());
}

#[test]
fn a_key_that_others_can_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    Site::new("site").credentials(agent("n1")).store(dir.path(), "agent").unwrap();
    fs::set_permissions(dir.path().join("agent.key"), fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(Credentials::load(dir.path(), "agent"), Err(Error::Exposed { mode: 0o644, .. })));
}

#[test]
fn a_missing_file_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let refused = Credentials::load(dir.path(), "agent").unwrap_err();
    assert!(refused.to_string().contains("agent.key"), "{refused}");
}

#[test]
fn credentials_in_use_are_not_replaced_by_somebody_else_s() {
    let site = Site::new("site");
    let store = site.store(agent("n1"));
    let before = store.current().fingerprint.clone();
    assert!(store.replace(site.credentials(agent("n2"))).is_err());
    assert!(store.replace(Site::new("elsewhere").credentials(agent("n1"))).is_err());
    assert_eq!(store.current().fingerprint, before);
    store.replace(site.credentials(agent("n1"))).unwrap();
    assert_ne!(store.current().fingerprint, before);
}

#[test]
fn credentials_never_print_their_key() {
    let made = Site::new("site").credentials(agent("n1"));
    let printed = format!("{made:?}");
    assert!(printed.contains("[secret]") && !printed.contains("PRIVATE"), "{printed}");
}
