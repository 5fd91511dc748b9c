//! What only the real machine has to show: processes, archives, locks.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::PathBuf;

use super::*;

async fn archive(dir: &Path, members: &[(&str, tar::EntryType, &str)]) -> PathBuf {
    let path = dir.join("a.tar.gz");
    let gzip = flate2::write::GzEncoder::new(std::fs::File::create(&path).unwrap(), flate2::Compression::fast());
    let mut tar = tar::Builder::new(gzip);
    for (name, kind, content) in members {
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(*kind);
        header.set_mode(0o755);
        // Set by hand: the builder itself refuses names that lead out of the folder.
        header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
        if *kind == tar::EntryType::Regular {
            header.set_size(content.len() as u64);
            header.set_cksum();
            tar.append(&header, content.as_bytes()).unwrap();
        } else {
            header.set_size(0);
            header.set_link_name_literal(content).unwrap();
            header.set_cksum();
            tar.append(&header, std::io::empty()).unwrap();
        }
    }
    tar.into_inner().unwrap().finish().unwrap();
    path
}

async fn unpacked(
    members: &[(&str, tar::EntryType, &str)],
    wanted: &[&str],
) -> (tempfile::TempDir, Result<(), HostError>) {
    let dir = tempfile::tempdir().unwrap();
    let archive = archive(dir.path(), members).await;
    let into = dir.path().join("into");
    let done = RealHost::default().unpack(Unpack { archive: &archive, into: &into, members: wanted, strip: 1 }).await;
    (dir, done)
}

const FILE: tar::EntryType = tar::EntryType::Regular;

#[tokio::test]
async fn wanted_members_are_unpacked_with_their_mode() {
    let (dir, done) = unpacked(&[("v1/etcdctl", FILE, "ctl"), ("v1/README", FILE, "no")], &["etcdctl"]).await;
    done.unwrap();
    assert_eq!(std::fs::read_to_string(dir.path().join("into/etcdctl")).unwrap(), "ctl");
    assert_eq!(std::fs::metadata(dir.path().join("into/etcdctl")).unwrap().permissions().mode() & 0o777, 0o755);
    assert!(!dir.path().join("into/README").exists());
}

#[tokio::test]
async fn a_wanted_member_that_is_not_there_is_named() {
    let (_dir, done) = unpacked(&[("v1/etcdctl", FILE, "ctl")], &["etcdctl", "etcdutl"]).await;
    assert!(done.unwrap_err().to_string().contains("no file etcdutl"));
}

#[tokio::test]
async fn members_that_lead_out_of_the_folder_are_refused() {
    for (name, kind, target) in [
        ("v1/../../evil", FILE, "x"),
        ("/v1/evil", FILE, "x"),
        ("v1/evil", tar::EntryType::Symlink, "/etc"),
        ("v1/evil", tar::EntryType::Symlink, "../up"),
        ("v1/evil", tar::EntryType::Link, "/etc/passwd"),
        ("v1/evil", tar::EntryType::Char, ""),
    ] {
        let (dir, done) = unpacked(&[(name, kind, target)], &[]).await;
        assert!(done.is_err(), "{name} -> {target}");
        assert!(!dir.path().join("evil").exists() && !dir.path().join("into/evil").exists());
    }
    let (dir, done) = unpacked(&[("v1/real", FILE, "x"), ("v1/alias", tar::EntryType::Symlink, "real")], &[]).await;
    done.unwrap();
    assert_eq!(std::fs::read_link(dir.path().join("into/alias")).unwrap(), Path::new("real"));
}

#[tokio::test]
async fn a_program_that_takes_too_long_is_stopped_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("mark");
    let script = format!("(sleep 3; touch {}) & sleep 60", mark.display());
    let command = Command::new("sh", &["-c", &script]).timeout(Duration::from_millis(200));
    let stopped = RealHost::default().run(command).await.unwrap_err();
    assert!(stopped.to_string().contains("was stopped"), "{stopped}");
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(!mark.exists(), "its child went on");
}

#[tokio::test]
async fn a_program_whose_step_is_given_up_ends_with_its_children() {
    let dir = tempfile::tempdir().unwrap();
    let mark = dir.path().join("mark");
    let script = format!("(sleep 2; touch {}) & sleep 60", mark.display());
    let host = RealHost::default();
    let given_up =
        tokio::time::timeout(Duration::from_millis(200), host.run(Command::new("sh", &["-c", &script]))).await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(!mark.exists(), "its child went on");
}

#[tokio::test]
async fn a_daemon_that_holds_the_pipes_does_not_hold_the_call() {
    let command = Command::new("sh", &["-c", "sleep 600 & echo started"]).timeout(Duration::from_secs(60));
    assert_eq!(RealHost::default().run(command).await.unwrap().text(), "started\n");
}

#[tokio::test]
async fn a_program_speaks_into_a_file_so_that_our_death_does_not_end_it() {
    let spoken =
        RealHost::default().run(Command::new("readlink", &["/proc/self/fd/1", "/proc/self/fd/2"])).await.unwrap();
    assert!(spoken.text().lines().all(|l| l.starts_with("/memfd:")), "{}", spoken.text());
}

#[tokio::test]
async fn the_last_of_much_standard_error_is_kept() {
    let noisy = "i=0; while [ $i -lt 4000 ]; do echo 'a line of forty characters for the error' >&2; i=$((i+1)); done; echo end >&2";
    let output = RealHost::default().run(Command::new("sh", &["-c", noisy])).await.unwrap();
    assert!(output.stderr.ends_with("end\n") && output.stderr.len() <= 64 << 10, "{}", output.stderr.len());
}

#[tokio::test]
async fn a_draft_that_is_being_written_is_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("file");
    let held = places::Draft::beside(&target).unwrap();
    let refused = RealHost::default().write(NewFile { path: &target, content: b"x", mode: 0o644 }).await.unwrap_err();
    assert!(refused.to_string().contains("somebody else"), "{refused}");
    drop(held);
    RealHost::default().write(NewFile { path: &target, content: b"x", mode: 0o644 }).await.unwrap();
}

#[tokio::test]
async fn a_crash_leftover_is_replaced_and_the_owner_stays() {
    let dir = tempfile::tempdir().unwrap();
    let target = dir.path().join("file");
    std::fs::write(&target, "old").unwrap();
    std::fs::write(dir.path().join(".file.ha-draft"), "half of something").unwrap();
    // Only root can give a file away.
    let given = std::os::unix::fs::chown(&target, Some(1234), Some(1234)).is_ok();
    RealHost::default().write(NewFile { path: &target, content: b"new", mode: 0o640 }).await.unwrap();
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "new");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    if given {
        assert_eq!(std::fs::metadata(&target).unwrap().uid(), 1234);
    }
}

/// What is written to `/dev/null` cannot be made to last, and the kernel says so only to whoever asks for that.
#[tokio::test]
async fn what_was_appended_and_is_not_sure_to_last_is_no_success() {
    let dir = tempfile::tempdir().unwrap();
    let journal = dir.path().join("journal");
    std::os::unix::fs::symlink("/dev/null", &journal).unwrap();
    let error = RealHost::default().append(&journal, b"an end").await.unwrap_err().to_string();
    assert!(error.contains("append to") && error.contains("journal"), "{error}");
}

#[tokio::test]
async fn fsync_takes_some_time() {
    let dir = tempfile::tempdir().unwrap();
    assert!(RealHost::default().fsync_latency(dir.path()).await.unwrap() > Duration::ZERO);
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn the_real_machine_keeps_its_promises_anywhere() {
    let dir = tempfile::tempdir().unwrap();
    let broken = crate::host::conformance::anywhere(&RealHost::default(), dir.path()).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

/// Installs packages and starts units: only with `HA_CONFORMANCE_MACHINE=1`, on a machine that is thrown away afterwards.
#[tokio::test]
async fn the_real_machine_keeps_its_promises_of_units_and_packages() {
    if std::env::var_os("HA_CONFORMANCE_MACHINE").is_none() {
        return;
    }
    let broken = crate::host::conformance::on_a_machine_of_its_own(&RealHost::new().unwrap()).await;
    assert!(broken.is_empty(), "{broken:#?}");
}
