//! The sandbox's folder: logs, the document, and a `hactl` that is logged in.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use anyhow::{Context as _, ensure};
use ha_transport::LoginString;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

const HACTL: &str = "hactl";

/// Whether this program was called by that name.
pub(crate) fn is_called_hactl() -> bool {
    let called = std::env::args_os().next().unwrap_or_default();
    Path::new(&called).file_name().is_some_and(|name| name == HACTL)
}

/// The sandbox's folder. A temporary one goes when this goes.
pub(crate) struct Home {
    path: PathBuf,
    _temporary: Option<tempfile::TempDir>,
}

impl Home {
    /// The folder that was named, which must be empty or absent, or a temporary one.
    pub(crate) fn open(named: Option<PathBuf>) -> anyhow::Result<Self> {
        let Some(path) = named else {
            let temporary = tempfile::Builder::new().prefix("ha-sandbox-").tempdir().context("make a folder")?;
            return Ok(Self { path: temporary.path().to_owned(), _temporary: Some(temporary) });
        };
        std::fs::create_dir_all(&path).with_context(|| format!("make {}", path.display()))?;
        let path = path.canonicalize()?;
        let empty = std::fs::read_dir(&path)?.next().is_none();
        ensure!(empty, "{} is not empty: name another folder", path.display());
        Ok(Self { path, _temporary: None })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The applied document.
    pub(crate) fn document(&self) -> PathBuf {
        self.path.join("cluster.yaml")
    }

    fn programs(&self) -> PathBuf {
        self.path.join("bin")
    }

    fn logins(&self) -> PathBuf {
        self.path.join("logins")
    }

    /// Everything that coordinators and agents say goes to one file.
    pub(crate) fn keep_log(&self) -> anyhow::Result<PathBuf> {
        let path = self.path.join("log");
        let file = File::create(&path).with_context(|| format!("make {}", path.display()))?;
        let filter = tracing_subscriber::EnvFilter::try_from_default_env();
        let filter = filter.unwrap_or_else(|_| "info,openraft=error".into());
        let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_thread_names(true);
        log.with_writer(Mutex::new(file)).init();
        Ok(path)
    }

    /// Links `hactl` to this program and logs it in.
    pub(crate) async fn log_in(&self, login: &LoginString) -> anyhow::Result<()> {
        std::fs::create_dir_all(self.programs())?;
        std::os::unix::fs::symlink(std::env::current_exe()?, self.programs().join(HACTL))?;
        let mut hactl = self.hactl(&["login", "-"]);
        let mut child = hactl.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().context("run hactl")?;
        if let Some(mut stdin) = child.stdin.take() {
            stdin.write_all(login.text().expose().as_bytes()).await?;
        }
        ensure!(child.wait().await?.success(), "hactl did not log in");
        Ok(())
    }

    /// `hactl`, to be run.
    pub(crate) fn hactl(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.programs().join(HACTL));
        command.args(args).env("HA_CONFIG_DIR", self.logins()).env_remove("HACTL_CONTEXT");
        command
    }

    /// What to type in another terminal.
    pub(crate) fn exports(&self) -> String {
        format!("  export PATH={}:$PATH HA_CONFIG_DIR={}\n", self.programs().display(), self.logins().display())
    }
}
