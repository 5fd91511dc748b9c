//! Planted secrets are looked for wherever a secret must not be: logs, disks, documents, the screen.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use ha_tests::site::Site;

use crate::shared::{self, PLANTED};

/// What `hactl` can show; `m1` and `w1` are nodes.
const SHOWN: &[&[&str]] = &[
    &["status"],
    &["plan"],
    &["node", "list"],
    &["node", "show", "m1"],
    &["node", "show", "db1"],
    &["steps", "--all"],
    &["events"],
    &["token", "list"],
    &["secret", "list"],
    &["user", "list"],
    &["spec", "show"],
    &["version"],
    &["echo"],
    &["context", "list"],
];

/// A secret in one of the forms it could leak in.
struct Needle {
    what: String,
    bytes: Vec<u8>,
}

fn forms(what: &str, secret: &[u8]) -> Vec<Needle> {
    let needle = |form: &str, bytes: Vec<u8>| Needle { what: format!("{what} ({form})"), bytes };
    vec![
        needle("as it is", secret.to_vec()),
        needle("hex", hex::encode(secret).into_bytes()),
        needle("base64", base64(secret, &STANDARD).into_bytes()),
        needle("base64 as in a join string", base64(secret, &URL_SAFE).into_bytes()),
        // A debug print of bytes.
        needle("numbers", secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ").into_bytes()),
    ]
}

/// As far as it does not depend on where the secret ends.
fn base64(bytes: &[u8], alphabet: &impl Engine) -> String {
    alphabet.encode(&bytes[..bytes.len() / 3 * 3])
}

fn needles(site: &Site) -> Vec<Needle> {
    let planted = PLANTED.iter().flat_map(|(name, value)| forms(name, value.as_bytes()));
    planted.chain(forms("the join string's secret", site.join.secret.expose())).collect()
}

fn assert_clean(place: &str, content: &[u8], needles: &[Needle]) {
    for needle in needles {
        let found = content.windows(needle.bytes.len()).any(|w| w == needle.bytes);
        assert!(!found, "{} is in {place}", needle.what);
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

/// `hactl`, which the sandbox's program is when it is called so.
struct Hactl {
    program: PathBuf,
    logins: PathBuf,
}

impl Hactl {
    async fn logged_in(site: &Site) -> Self {
        let dir = shared::folder("hactl");
        let (program, logins) = (dir.join("hactl"), dir.join("logins"));
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_ha-sandbox"), &program).unwrap();
        let hactl = Self { program, logins };
        let login = site.admin.invite("onlooker", "admin").await.unwrap();
        hactl.run(&["login", login.text().expose()]);
        hactl
    }

    fn run(&self, args: &[&str]) -> Vec<u8> {
        let mut command = Command::new(&self.program);
        command.args(args).env("HA_CONFIG_DIR", &self.logins).env_remove("HACTL_CONTEXT").stdin(Stdio::null());
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "hactl {}: {said}", args.join(" "));
        [output.stdout, output.stderr].concat()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_document_of_hactl_shows_a_secret() {
    let (site, _quiet) = shared::site().await;
    let (hactl, needles) = (Hactl::logged_in(site).await, needles(site));
    for args in SHOWN {
        for form in ["json", "wide"] {
            let shown = hactl.run(&[args, &["--output", form][..]].concat());
            assert!(!shown.is_empty(), "{args:?}");
            assert_clean(&format!("hactl {} --output {form}", args.join(" ")), &shown, &needles);
        }
    }
}

#[tokio::test]
async fn no_log_shows_a_secret() {
    let (site, _quiet) = shared::site().await;
    let log = std::fs::read_to_string(shared::log()).unwrap();
    assert!(log.contains("leads") && log.contains("agent is here"), "the log was kept");
    assert_clean("the log", log.as_bytes(), &needles(site));
}

#[tokio::test]
async fn no_disk_keeps_a_secret_in_the_clear() {
    let (site, _quiet) = shared::site().await;
    let needles = needles(site);
    let mut found = Vec::new();
    files(&site.dir, &mut found);
    assert!(found.iter().any(|f| f.extension().is_some_and(|e| e == "redb")), "{found:?}");
    for file in found {
        assert_clean(&file.display().to_string(), &std::fs::read(&file).unwrap(), &needles);
    }
    for agent in site.agents.lock().await.values() {
        for record in ["journal", "ledger.json", "wanted.json"] {
            let path = agent.config().state.join(record);
            let text = agent.machine.text(&path.to_string_lossy()).unwrap_or_default();
            assert_clean(&format!("{record} of {}", agent.machine.name()), text.as_bytes(), &needles);
        }
    }
}

#[tokio::test]
async fn the_secrets_that_are_looked_for_did_reach_their_place() {
    let (site, _quiet) = shared::site().await;
    let secret = site.world.object("/api/v1/namespaces/joget/secrets/joget-admin").unwrap().to_string();
    let (_, password) = PLANTED[1];
    assert!(secret.contains(&base64(password.as_bytes(), &STANDARD)), "{secret}");
}
