//! The machine: the only way from the agent to the operating system, behind one trait with a real and a simulated side.
//!
//! Knows files, processes, units and packages; knows nothing of Kubernetes or of what an action wants.

#[cfg(any(test, feature = "fake"))]
pub mod conformance;
#[cfg(any(test, feature = "fake"))]
pub mod fake;
mod real;

pub use real::RealHost;

use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use ha_domain::id::{Digest, Time};
use ha_domain::report::{Facts, Load};
use ha_transport::Secret;

/// Why the machine did not do what it was asked.
#[derive(Debug, Clone, thiserror::Error)]
pub enum HostError {
    /// A file operation failed.
    #[error("{doing} {}: {reason}", path.display())]
    File {
        /// What was tried, a verb: "write".
        doing: &'static str,
        /// On which path.
        path: PathBuf,
        /// The system's reason; "no space left on device" is recognisable by [`HostError::disk_full`].
        reason: String,
    },
    /// A program could not be run, or did not end in time.
    #[error("run {program}: {reason}")]
    Program {
        /// Which program.
        program: String,
        /// Why.
        reason: String,
    },
    /// systemd refused.
    #[error("{verb} unit {unit}: {reason}")]
    Unit {
        /// Which unit.
        unit: String,
        /// What was asked.
        verb: &'static str,
        /// Why not.
        reason: String,
    },
    /// The package manager refused.
    #[error("install packages {packages}: {reason}")]
    Packages {
        /// Which packages, space separated.
        packages: String,
        /// Why not: locked, broken, not found.
        reason: String,
    },
    /// A download failed or its content is not what the catalog says.
    #[error("download {url}: {reason}")]
    Download {
        /// From where.
        url: String,
        /// Why: refused, not found, wrong sha256 (both are named), truncated.
        reason: String,
    },
    /// A network request failed.
    #[error("request {url}: {reason}")]
    Http {
        /// To where.
        url: String,
        /// Why.
        reason: String,
    },
    /// The simulated machine lost power here.
    #[error("the machine stopped here")]
    Stopped,
}

impl HostError {
    /// The disk is full: freeing space helps, trying again does not.
    pub fn disk_full(&self) -> bool {
        let (Self::File { reason, .. } | Self::Download { reason, .. } | Self::Packages { reason, .. }) = self else {
            return false;
        };
        ["no space left on device", "No space left on device", "quota exceeded"].iter().any(|t| reason.contains(t))
    }

    /// A request that nobody refused and nobody answered in time: whoever should is far, cut off, or hangs.
    pub fn is_silence(&self) -> bool {
        matches!(self, Self::Http { reason, .. } if reason.starts_with("no answer"))
    }
}

/// A file to put in place atomically (temporary file, fsync, rename, fsync of the folder).
#[derive(Debug, Clone)]
pub struct NewFile<'a> {
    /// Where.
    pub path: &'a Path,
    /// What.
    pub content: &'a [u8],
    /// Permission bits, for example `0o644`.
    pub mode: u32,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stat {
    /// A folder rather than a file.
    pub is_dir: bool,
    /// Permission bits.
    pub mode: u32,
    /// Bytes.
    pub len: u64,
}

/// A program to run: never through a shell. Its arguments never hold a secret; `stdin` may.
#[derive(Debug)]
pub struct Command<'a> {
    /// Name or absolute path of the program.
    pub program: &'a str,
    /// Arguments.
    pub args: Vec<&'a str>,
    /// Environment variables besides PATH, LANG=C and HOME.
    pub env: Vec<(&'a str, &'a str)>,
    /// What it reads.
    pub stdin: Option<Secret<Vec<u8>>>,
    /// How long it may take; it is killed with its children afterwards.
    pub timeout: Duration,
}

impl<'a> Command<'a> {
    /// A program with arguments, no input and a minute.
    pub fn new(program: &'a str, args: &[&'a str]) -> Self {
        Self { program, args: args.to_vec(), env: Vec::new(), stdin: None, timeout: Duration::from_secs(60) }
    }
    /// With another time limit.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }
    /// With something to read.
    pub fn stdin(mut self, input: Vec<u8>) -> Self {
        self.stdin = Some(Secret::new(input));
        self
    }
    /// With an environment variable.
    pub fn env(mut self, name: &'a str, value: &'a str) -> Self {
        self.env.push((name, value));
        self
    }
}

/// What a program left.
#[derive(Debug, Clone, Default)]
pub struct Output {
    /// Exit code; 128 + signal when a signal ended it.
    pub code: i32,
    /// Standard output, at most 4 MiB.
    pub stdout: Vec<u8>,
    /// The last 64 KiB of standard error.
    pub stderr: String,
}

impl Output {
    /// Standard output as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }
    /// Exit code 0.
    pub fn ok(&self) -> bool {
        self.code == 0
    }
}

/// A systemd unit as systemd sees it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Unit {
    /// `active`, `inactive`, `failed`, `activating` ...; `absent` when there is no such unit.
    pub active: String,
    /// `running`, `dead` ...
    pub sub: String,
    /// It starts at boot.
    pub enabled: bool,
    /// Main process, 0 when none.
    pub pid: u32,
}

/// What can be asked of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "systemd's own words")]
pub enum UnitVerb {
    Start,
    Stop,
    Restart,
    Reload,
    Enable,
    Disable,
    /// SIGKILL to its main process, if there is one; what follows is the unit's own `Restart=`.
    Kill,
    /// The same to every process of it.
    KillAll,
}

/// How long a fetched file is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lifespan {
    /// It stays: it is on the disk before it counts as there.
    Lasting,
    /// It is unpacked and removed at once: it need not survive a power cut, whose leftovers its sha256 tells.
    Passing,
}

/// A file to fetch. It appears under `to` only when its sha256 is right.
#[derive(Debug, Clone)]
pub struct Download<'a> {
    /// From where (http or https).
    pub url: &'a str,
    /// What it must be.
    pub sha256: &'a Digest,
    /// Its size in bytes, for progress and early refusal; 0 when unknown.
    pub size: u64,
    /// Where it goes.
    pub to: &'a Path,
    /// Permission bits.
    pub mode: u32,
    /// HTTP proxy.
    pub proxy: Option<&'a str>,
    /// Whether it stays.
    pub lifespan: Lifespan,
}

/// Which members of a tar archive go where.
#[derive(Debug, Clone)]
pub struct Unpack<'a> {
    /// The archive, gzip or plain.
    pub archive: &'a Path,
    /// Target folder.
    pub into: &'a Path,
    /// Members to take by their file name; empty takes every regular file, without leading folders that are stripped.
    pub members: &'a [&'a str],
    /// Leading path components to strip.
    pub strip: usize,
}

/// An HTTP request of a probe.
#[derive(Debug, Clone)]
pub struct HttpRequest<'a> {
    /// Verb.
    pub method: &'static str,
    /// `http://` or `https://`, host an address or name, path and query.
    pub url: &'a str,
    /// Connect here instead of where the URL's host resolves to.
    pub connect: Option<SocketAddr>,
    /// Header lines.
    pub headers: Vec<(&'a str, String)>,
    /// Body.
    pub body: Vec<u8>,
    /// How a server certificate is judged.
    pub tls: Tls<'a>,
    /// Time limit of the whole request.
    pub timeout: Duration,
}

/// How a probe speaks TLS.
#[derive(Debug, Clone, Default)]
pub struct Tls<'a> {
    /// PEM of the authorities that are believed; `None` believes anyone (only for probes that carry no secret).
    pub ca_pem: Option<&'a [u8]>,
    /// PEM chain and key of a client certificate.
    pub client: Option<(&'a [u8], &'a [u8])>,
}

/// What came back.
#[derive(Debug, Clone, Default)]
pub struct HttpResponse {
    /// Status code.
    pub status: u16,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body, at most 4 MiB.
    pub body: Vec<u8>,
}

/// How a TCP port answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reachability {
    /// Accepted.
    Open,
    /// Refused: the machine is there, nobody listens.
    Refused,
    /// No answer in time.
    Silent,
}

/// An address of an interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InterfaceAddress {
    /// Interface name.
    pub interface: String,
    /// Address.
    pub address: IpAddr,
    /// Prefix length.
    pub prefix: u8,
}

/// The machine.
#[async_trait]
pub trait Host: Send + Sync {
    /// Content of a file; `None` when it is absent.
    async fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, HostError>;
    /// At most `most` bytes of a file from `offset` on; none at its end. For files that do not fit into memory.
    async fn read_part(&self, path: &Path, offset: u64, most: usize) -> Result<Vec<u8>, HostError>;
    /// Puts a file in place atomically; parent folders are made with 0755. What it replaces keeps its owner.
    async fn write(&self, file: NewFile<'_>) -> Result<(), HostError>;
    /// Adds to the end of a file and syncs it; makes it with 0600 when it is absent. A crash may leave a part of `bytes`.
    async fn append(&self, path: &Path, bytes: &[u8]) -> Result<(), HostError>;
    /// Makes a symbolic link, replacing what is there.
    async fn link(&self, target: &Path, path: &Path) -> Result<(), HostError>;
    /// Moves a file within one file system.
    async fn rename(&self, from: &Path, to: &Path) -> Result<(), HostError>;
    /// Copies a file atomically with these permission bits.
    async fn copy(&self, from: &Path, to: &Path, mode: u32) -> Result<(), HostError>;
    /// Removes a file or a folder with all in it; absent is fine, a mounted file system within is not.
    async fn remove(&self, path: &Path) -> Result<(), HostError>;
    /// Makes a folder with these permission bits, which it also gets when it is there, and its parents with 0755.
    async fn make_dir(&self, path: &Path, mode: u32) -> Result<(), HostError>;
    /// What is at a path; links are followed.
    async fn stat(&self, path: &Path) -> Result<Option<Stat>, HostError>;
    /// Names in a folder, sorted; empty when it is absent.
    async fn list(&self, dir: &Path) -> Result<Vec<String>, HostError>;
    /// sha256 of a file; `None` when it is absent. Remembered by inode, size and change time.
    async fn digest(&self, path: &Path) -> Result<Option<Digest>, HostError>;
    /// Bytes that may still be written where `path` is or will be.
    async fn free_space(&self, path: &Path) -> Result<u64, HostError>;

    /// Ends a process at once, with SIGKILL; one that is gone is fine.
    async fn kill(&self, pid: u32) -> Result<(), HostError>;
    /// Runs a program.
    async fn run(&self, command: Command<'_>) -> Result<Output, HostError>;
    /// State of a unit; a name without suffix is a service.
    async fn unit(&self, name: &str) -> Result<Unit, HostError>;
    /// Asks something of a unit and waits for the result. Stopping or disabling an absent unit is fine.
    async fn control(&self, name: &str, verb: UnitVerb) -> Result<(), HostError>;
    /// Makes systemd read its unit files again.
    async fn reload_units(&self) -> Result<(), HostError>;

    /// Those of `packages` that are not installed.
    async fn missing_packages(&self, packages: &[&str]) -> Result<Vec<String>, HostError>;
    /// Installs packages from the distribution; waits for the package manager's lock; starts nothing by itself.
    async fn install_packages(&self, packages: &[&str]) -> Result<(), HostError>;

    /// Fetches a file.
    async fn download(&self, what: Download<'_>) -> Result<(), HostError>;
    /// Unpacks an archive.
    async fn unpack(&self, what: Unpack<'_>) -> Result<(), HostError>;
    /// Asks over HTTP.
    async fn http(&self, request: HttpRequest<'_>) -> Result<HttpResponse, HostError>;
    /// Tries a TCP port.
    async fn connect(&self, to: SocketAddr, timeout: Duration) -> Result<Reachability, HostError>;
    /// Greets who listens on a Unix socket, as HTTP/2 begins: open when anything comes back, silent when nothing does.
    async fn greet(&self, socket: &Path, timeout: Duration) -> Result<Reachability, HostError>;

    /// What hardly changes.
    async fn facts(&self) -> Result<Facts, HostError>;
    /// How busy it is.
    async fn load(&self) -> Result<Load, HostError>;
    /// Addresses of its interfaces.
    async fn addresses(&self) -> Result<Vec<InterfaceAddress>, HostError>;
    /// The 99th percentile of a few small fsyncs in `dir`.
    async fn fsync_latency(&self, dir: &Path) -> Result<Duration, HostError>;
    /// The machine's clock.
    fn now(&self) -> Time;
}
