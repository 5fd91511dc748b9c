//! The ledger on a real disk.

use std::path::PathBuf;

use super::*;
use crate::host::RealHost;

struct Machine {
    dir: tempfile::TempDir,
    host: RealHost,
    ledger: Ledger,
}

impl Machine {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let host = RealHost::default();
        let ledger = Ledger::load(&host, &dir.path().join("state/ledger.json")).await.unwrap();
        Self { dir, host, ledger }
    }
    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }
    async fn put(&self, name: &str, content: &str, mode: u32) -> bool {
        let path = self.path(name);
        self.ledger.put(&self.host, NewFile { path: &path, content: content.as_bytes(), mode }).await.unwrap()
    }
    fn text(&self, name: &str) -> Option<String> {
        std::fs::read_to_string(self.path(name)).ok()
    }
    async fn undo_all(&self) {
        for entry in self.ledger.entries().into_iter().rev() {
            self.ledger.undo(&self.host, &entry).await.unwrap();
        }
    }
    async fn again(&self) -> Ledger {
        Ledger::load(&self.host, &self.path("state/ledger.json")).await.unwrap()
    }
}

#[tokio::test]
async fn a_put_file_is_known_after_a_restart_and_gone_after_undo() {
    let m = Machine::new().await;
    assert!(m.put("etc/a.conf", "one", 0o644).await);
    assert!(!m.put("etc/a.conf", "one", 0o644).await, "nothing changed");
    assert_eq!(m.again().await.entries(), m.ledger.entries());
    m.undo_all().await;
    assert_eq!(m.text("etc/a.conf"), None);
    assert!(m.again().await.entries().is_empty());
}

#[tokio::test]
async fn the_original_of_a_foreign_file_comes_back() {
    let m = Machine::new().await;
    std::fs::create_dir_all(m.path("etc")).unwrap();
    std::fs::write(m.path("etc/a.conf"), "the distribution's").unwrap();
    m.put("etc/a.conf", "ours 1", 0o644).await;
    m.put("etc/a.conf", "ours 2", 0o644).await;
    assert_eq!(m.text("etc/a.conf.ha-last").as_deref(), Some("ours 1"));
    m.undo_all().await;
    assert_eq!(m.text("etc/a.conf").as_deref(), Some("the distribution's"));
    assert_eq!(m.text("etc/a.conf.ha-last"), None);
    assert!(m.host.list(&m.path("state/originals")).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_old_secret_does_not_stay_beside_the_new_one() {
    let m = Machine::new().await;
    m.put("key", "old secret", 0o600).await;
    m.put("key", "new secret", 0o600).await;
    assert_eq!(m.text("key.ha-last"), None);
}

#[tokio::test]
async fn a_folder_with_foreign_content_does_not_become_ours() {
    let m = Machine::new().await;
    std::fs::create_dir_all(m.path("data")).unwrap();
    std::fs::write(m.path("data/precious"), "x").unwrap();
    m.ledger.own_file(&m.host, &m.path("data"), Owned::Dir).await.unwrap();
    assert!(!m.ledger.owns(&m.path("data/precious")));
    m.undo_all().await;
    assert!(m.text("data/precious").is_some());
}

#[tokio::test]
async fn an_empty_folder_that_was_there_is_emptied_and_one_we_made_is_removed() {
    let m = Machine::new().await;
    std::fs::create_dir_all(m.path("was")).unwrap();
    for name in ["was", "new"] {
        m.ledger.own_file(&m.host, &m.path(name), Owned::Dir).await.unwrap();
        m.host.make_dir(&m.path(name), 0o755).await.unwrap();
        std::fs::write(m.path(name).join("f"), "x").unwrap();
    }
    assert!(m.ledger.owns(&m.path("new/f")));
    m.undo_all().await;
    assert!(m.path("was").exists() && !m.path("was/f").exists() && !m.path("new").exists());
}

#[tokio::test]
async fn a_folder_in_place_of_a_file_is_refused() {
    let m = Machine::new().await;
    std::fs::create_dir_all(m.path("a.conf")).unwrap();
    let refused = m.ledger.own_file(&m.host, &m.path("a.conf"), Owned::File).await.unwrap_err();
    assert!(refused.to_string().contains("did not make"), "{refused}");
}

#[tokio::test]
async fn an_edited_file_is_told_from_a_missing_one() {
    let m = Machine::new().await;
    m.put("a", "x", 0o644).await;
    assert_eq!(m.ledger.drift(&m.host, &m.path("a")).await.unwrap(), None);
    std::fs::write(m.path("a"), "y").unwrap();
    assert!(m.ledger.drift(&m.host, &m.path("a")).await.unwrap().unwrap().ends_with("was edited"));
    std::fs::remove_file(m.path("a")).unwrap();
    assert!(m.ledger.drift(&m.host, &m.path("a")).await.unwrap().unwrap().ends_with("is missing"));
}

#[tokio::test]
async fn a_damaged_ledger_is_refused() {
    let m = Machine::new().await;
    m.put("a", "x", 0o644).await;
    std::fs::write(m.path("state/ledger.json"), "{\"version\":1,\"entr").unwrap();
    let refused = Ledger::load(&m.host, &m.path("state/ledger.json")).await.unwrap_err().to_string();
    assert!(refused.contains("damaged"), "{refused}");
    std::fs::write(m.path("state/ledger.json"), "{\"version\":2}").unwrap();
    let refused = Ledger::load(&m.host, &m.path("state/ledger.json")).await.unwrap_err().to_string();
    assert!(refused.contains("newer agent"), "{refused}");
}

#[tokio::test]
async fn units_and_packages_are_written_down_once() {
    let m = Machine::new().await;
    for _ in 0..2 {
        m.ledger.own_unit(&m.host, "haproxy.service").await.unwrap();
        m.ledger.own_packages(&m.host, &["haproxy", "keepalived"]).await.unwrap();
    }
    let again = m.again().await;
    assert_eq!(again.owned_units(), ["haproxy.service"]);
    assert_eq!(again.owned_packages(), ["haproxy", "keepalived"]);
    again.forget_packages(&m.host, &["haproxy"]).await.unwrap();
    assert_eq!(m.again().await.owned_packages(), ["keepalived"]);
}
