//! The site that tests share, and what all of them need.

use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock};

use ha_agent::host::fake::World;
use ha_coordinator::store::Timing;
use ha_proto::v1::VersionRequest;
use ha_tests::agent::AgentSeat;
use ha_tests::operator::{Operator, key};
use ha_tests::site::{Options, Site};
use ha_tests::specs;
use ha_tests::until::until;
use tokio::sync::{OnceCell, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// Secrets that are set before anything is built: they must be found nowhere but where they belong.
pub(crate) const PLANTED: [(&str, &str); 2] =
    [("database-password", "canary-Db-7f3a9c51e2"), ("joget-admin-password", "canary-Jg-b80d64f7a9")];

static SHARED: OnceCell<Shared> = OnceCell::const_new();

struct Shared {
    site: Site,
    /// Written while a test changes what is wanted.
    quiet: RwLock<()>,
}

/// The shared site, as its spec wants it, while nobody changes what is wanted.
pub(crate) async fn site() -> (&'static Site, RwLockReadGuard<'static, ()>) {
    let shared = shared().await;
    (&shared.site, shared.quiet.read().await)
}

/// The shared site, alone: whoever holds this may change what is wanted, and leaves it as it was.
pub(crate) async fn site_alone() -> (&'static Site, RwLockWriteGuard<'static, ()>) {
    let shared = shared().await;
    (&shared.site, shared.quiet.write().await)
}

async fn shared() -> &'static Shared {
    let build = async || {
        let site = found("shared").await;
        apply(&site).await;
        site.converged().await.unwrap();
        Shared { site, quiet: RwLock::new(()) }
    };
    SHARED.get_or_init(build).await
}

/// A mesh of the nine machines; nothing is applied, the secrets are planted.
pub(crate) async fn found(name: &str) -> Site {
    log();
    let dir = folder(name);
    let options = Options { dir, spec: specs::NINE.to_owned(), spare_agents: 0, timing: Timing::Wan };
    let site = Site::found(options).await.unwrap();
    for (name, value) in PLANTED {
        let request = ha_proto::v1::SetSecretRequest { name: name.to_owned(), value: value.into(), key: key() };
        site.admin.call(async |mut c| c.set_secret(request.clone()).await).await.unwrap();
    }
    site
}

/// Applies the site's own document, on top of whatever is wanted now.
pub(crate) async fn apply(site: &Site) {
    let base = site.admin.status().await.unwrap().spec.map_or(0, |spec| spec.generation);
    site.admin.apply(&site.document.text, base).await.unwrap();
}

/// An empty folder of this run.
pub(crate) fn folder(name: &str) -> PathBuf {
    let dir = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("mesh").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

/// A machine that no spec names, with an agent that has not joined.
pub(crate) fn stranger(name: &str) -> AgentSeat {
    static NEXT: AtomicU8 = AtomicU8::new(1);
    let address = IpAddr::V4(Ipv4Addr::new(10, 99, 0, NEXT.fetch_add(1, Ordering::Relaxed)));
    AgentSeat::new(&folder(&format!("strangers/{name}")), World::new().machine(name, address))
}

/// A fresh operator of the site, whom every coordinator knows: followers hear of a new certificate a moment later.
pub(crate) async fn operator(site: &Site, name: &str, role: &str) -> Operator {
    let mut operator = Operator::login(&site.admin.invite(name, role).await.unwrap()).await.unwrap();
    operator.learn().await.unwrap();
    for endpoint in operator.endpoints() {
        let known = async || {
            let mut control = operator.control(endpoint).map_err(|e| e.to_string())?;
            control.version(VersionRequest {}).await.map_err(|status| status.to_string())
        };
        until("a coordinator that knows the operator", known).await.unwrap();
    }
    operator
}

/// The file of everything that any program of this process has logged, which begins with the first call.
pub(crate) fn log() -> PathBuf {
    static LOG: OnceLock<PathBuf> = OnceLock::new();
    let begin = || {
        let path = folder("log").join("all");
        let ours = "info,ha_agent=trace,ha_coordinator=trace,ha_transport=trace,ha_domain=trace,openraft=error";
        let filter = tracing_subscriber::EnvFilter::new(ours);
        let file = Mutex::new(std::fs::File::create(&path).unwrap());
        let all = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_thread_names(true);
        all.with_writer(file).init();
        path
    };
    LOG.get_or_init(begin).clone()
}
