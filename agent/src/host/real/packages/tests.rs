//! Installing where the package manager is locked, was cut off, has old lists, or does not know the package.

use std::sync::Mutex;
use std::time::Instant;

use super::*;

/// A package manager that answers as a test says, and remembers what it was asked.
struct Scripted {
    answers: Mutex<Vec<(i32, &'static str, &'static str)>>,
    asked: Mutex<Vec<String>>,
}

impl Scripted {
    /// Answers in their order: exit code, standard output, standard error.
    fn new(answers: &[(i32, &'static str, &'static str)]) -> Self {
        let answers = answers.iter().rev().copied().collect();
        Self { answers: Mutex::new(answers), asked: Mutex::default() }
    }

    async fn install_haproxy(&self) -> Result<(), String> {
        super::install(self, &["haproxy"], &mut Some(Instant::now())).await
    }

    /// The words that tell the calls apart.
    fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

impl Programs for Scripted {
    async fn run(&self, command: &[&str]) -> Result<Output, HostError> {
        let told = |word: &&&str| matches!(**word, "--reinstall" | "--configure" | "update" | "install" | "--show");
        self.asked.lock().unwrap().push(command.iter().filter(told).copied().collect::<Vec<_>>().join(" "));
        let (code, stdout, stderr) = self.answers.lock().unwrap().pop().expect("an answer to each call");
        Ok(Output { code, stdout: stdout.into(), stderr: stderr.to_owned() })
    }
    async fn install(&self, command: &[&str]) -> Result<Output, HostError> {
        self.run(command).await
    }
}

const DONE: (i32, &str, &str) = (0, "", "");
const INSTALLED: (i32, &str, &str) = (0, "haproxy ii \n", "");
const LOCKED: (i32, &str, &str) =
    (100, "", "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)");
const INTERRUPTED: (i32, &str, &str) =
    (100, "", "E: dpkg was interrupted, you must manually run 'dpkg --configure -a' to correct the problem.");
const UNKNOWN: (i32, &str, &str) = (100, "", "E: Unable to locate package haproxy");

#[tokio::test]
async fn a_package_manager_that_stays_locked_is_told_with_its_holder() {
    let apt = Scripted::new(&[LOCKED]);
    let refused = apt.install_haproxy().await.unwrap_err();
    assert!(refused.contains("in use for more than 300 s") && refused.contains("812 (unattended-upgr)"), "{refused}");
    assert!(apt::install(&["haproxy"]).contains(&"--option=DPkg::Lock::Timeout=300"), "apt itself waits for the lock");
}

#[tokio::test]
async fn an_installation_that_was_cut_off_is_finished_first() {
    let apt = Scripted::new(&[INTERRUPTED, DONE, DONE, INSTALLED]);
    apt.install_haproxy().await.unwrap();
    assert_eq!(apt.asked(), ["install", "--configure", "install", "--show"]);
}

#[tokio::test]
async fn an_installation_that_cannot_be_finished_says_what_dpkg_says() {
    let broken = (1, "", "dpkg: error processing package mariadb-server (--configure):");
    let refused = Scripted::new(&[INTERRUPTED, broken]).install_haproxy().await.unwrap_err();
    assert!(refused.contains("error processing package mariadb-server"), "{refused}");
    let still =
        Scripted::new(&[INTERRUPTED, DONE, INTERRUPTED, DONE, INTERRUPTED]).install_haproxy().await.unwrap_err();
    assert!(still.contains("dpkg --configure -a"), "{still}");
}

#[tokio::test]
async fn old_lists_are_fetched_anew() {
    let apt = Scripted::new(&[UNKNOWN, DONE, DONE, INSTALLED]);
    apt.install_haproxy().await.unwrap();
    assert_eq!(apt.asked(), ["install", "update", "install", "--show"]);
}

#[tokio::test]
async fn a_package_that_no_mirror_has_is_named_with_what_to_check() {
    let apt = Scripted::new(&[UNKNOWN, DONE, UNKNOWN, DONE, UNKNOWN]);
    let refused = apt.install_haproxy().await.unwrap_err();
    assert!(refused.contains("Unable to locate package haproxy") && refused.contains("package sources"), "{refused}");
    assert_eq!(apt.asked().len(), 5, "it is not asked for ever");
}

#[tokio::test]
async fn a_package_that_was_cut_off_while_unpacked_is_installed_again() {
    let half = (0, "haproxy iU \n", "");
    let apt = Scripted::new(&[DONE, half, DONE, INSTALLED]);
    apt.install_haproxy().await.unwrap();
    assert_eq!(apt.asked(), ["install", "--show", "install --reinstall", "--show"]);
    let refused = Scripted::new(&[DONE, half, DONE, half]).install_haproxy().await.unwrap_err();
    assert!(refused.contains("dpkg says haproxy is not installed"), "{refused}");
}
