//! PostgreSQL: a drop-in after the distribution's own settings, and connection rules of our own.
//!
//! Knows nothing of Joget's database.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::step::{Component, Database};
use minijinja::context;

use super::sql::postgresql_string;
use super::{Config, RECORD, Tls};
use crate::execute::distro::{self, Distribution};
use crate::execute::rendered::{self, Template, Validator, run_ok, template};
use crate::execute::{ActError, Context, Probe, address, service};
use crate::host::{Command, UnitVerb};

/// What the first cluster is made with; the package makes it while it is installed.
const CREATE_CLUSTER: &str = "/etc/postgresql-common/createcluster.d/ha-mesh.conf";

/// Where things are of one major version.
struct Places {
    major: &'static str,
    folder: String,
    unit: String,
    chain: PathBuf,
    key: PathBuf,
}

impl Places {
    fn of(distribution: &Distribution) -> Self {
        let major = distribution.postgresql_major;
        let folder = format!("/etc/postgresql/{major}/main");
        let below = |name: &str| Path::new(&folder).join(name);
        let (chain, key) = (below("ha-mesh-server.crt"), below("ha-mesh-server.key"));
        Self { major, unit: format!("postgresql@{major}-main.service"), chain, key, folder }
    }
    fn tls(&self) -> Tls<'_> {
        Tls { chain: &self.chain, key: &self.key, owner: "postgres:postgres" }
    }
    fn drop_in(&self) -> String {
        format!("/etc/systemd/system/{}.d/ha-mesh.conf", self.unit)
    }
    /// The connection rules and who may be the superuser: read again by a reload.
    fn rules(&self, a: &Database) -> Result<[(PathBuf, String); 2], ActError> {
        let below = |name: &str| Path::new(&self.folder).join(name);
        let ident = render(&template!("postgresql-ident.conf.j2"), context! {})?;
        Ok([(below("ha-mesh-hba.conf"), hba(a)?), (below("ha-mesh-ident.conf"), ident)])
    }
}

fn render(template: &Template, values: minijinja::Value) -> Result<String, ActError> {
    rendered::render(Component::Database, template, values)
}

fn config(a: &Database, places: &Places) -> Result<Config, ActError> {
    let settings = super::settings(a)?.into_iter().map(|(n, v)| vec![n, postgresql_string(&v)]);
    let values = context! {
        address => a.address.to_string(),
        max_connections => a.max_connections,
        cache_mib => a.cache_mib.max(1),
        folder => places.folder.as_str(),
        tls => a.tls,
        chain => places.chain.to_string_lossy(),
        key => places.key.to_string_lossy(),
        settings => settings.collect::<Vec<_>>(),
    };
    let content = render(&template!("postgresql.conf.j2"), values)?;
    let path = Path::new(&places.folder).join("conf.d/60-ha-mesh.conf");
    Ok(Config { path, content, unit: places.unit.clone() })
}

fn hba(a: &Database) -> Result<String, ActError> {
    let network = |text: &String| {
        let (address, prefix) = address::network(text)
            .ok_or_else(|| ActError::Refused(format!("database: {text:?} is neither an address nor a network")))?;
        Ok(format!("{address}/{prefix}"))
    };
    let networks = a.allow.iter().map(network).collect::<Result<Vec<_>, ActError>>()?;
    let kind = if a.tls { "hostssl" } else { "host   " };
    render(&template!("postgresql-hba.conf.j2"), context! { networks, kind })
}

fn drop_in() -> Result<String, ActError> {
    // The unit ends once the server is up: a restart by systemd would see nothing. The agent sees it.
    render(&template!("database-unit.conf.j2"), context! { restart => false })
}

pub(super) async fn probe(a: &Database, cx: &Context<'_>) -> Result<Probe, ActError> {
    let places = Places::of(&distro::of(cx).await?);
    if let Some(trouble) = service::trouble(cx, &places.unit).await? {
        return Ok(Probe::Differs(trouble));
    }
    let config = config(a, &places)?;
    let mut wanted = places.rules(a)?.to_vec();
    wanted.push((RECORD.into(), super::record(a)?));
    wanted.push((places.drop_in().into(), drop_in()?));
    wanted.push((config.path, config.content.clone()));
    for (path, content) in wanted {
        if !rendered::is_current(cx, &path, content.as_bytes()).await? {
            return Ok(Probe::Differs(format!("{} differs", path.display())));
        }
    }
    if let Some(trouble) = places.tls().trouble(a, cx).await? {
        return Ok(Probe::Differs(trouble));
    }
    let digest = Digest::of(config.content.as_bytes());
    match rendered::applied_facts(cx, Component::Database, &digest).await? {
        Some(facts) if facts.get("loaded") == Some(&loaded(a, cx, &places).await?) => Ok(Probe::Converged(facts)),
        Some(_) => Ok(Probe::Differs("the server was not told of its rules or its certificate".to_owned())),
        None => Ok(Probe::Differs("the server was not started with its configuration".to_owned())),
    }
}

/// Tells the rules and the certificate that a reload takes up from others.
async fn loaded(a: &Database, cx: &Context<'_>, places: &Places) -> Result<String, ActError> {
    let [(_, hba), (_, ident)] = places.rules(a)?;
    let all = format!("{hba}\n{ident}\n{}", places.tls().digest(a, cx).await?);
    Ok(Digest::of(all.as_bytes()).to_string())
}

pub(super) async fn act(a: &Database, cx: &Context<'_>) -> Result<(), ActError> {
    let distribution = distro::of(cx).await?;
    let places = Places::of(&distribution);
    let create = render(&template!("createcluster.conf.j2"), context! {})?;
    rendered::put_validated(cx, Path::new(CREATE_CLUSTER), create.as_bytes(), 0o644, None).await?;
    distro::install(cx, &[distribution.every_machine, distribution.postgresql].concat()).await?;
    places.tls().put(a, cx).await?;
    let config = config(a, &places)?;
    let before = cx.host.read(&config.path).await?;
    put_files(a, cx, &places, &config).await?;
    let digest = Digest::of(config.content.as_bytes());
    if rendered::is_applied(cx, Component::Database, &digest).await? {
        service::bring(cx, &places.unit, UnitVerb::Reload).await?;
    } else {
        config.take_up(cx, before).await?;
    }
    accepted(cx).await?;
    let version = distro::version(cx, &format!("postgresql-{}", places.major)).await?;
    let facts = distro::facts([("version", version), ("loaded", loaded(a, cx, &places).await?)]);
    rendered::mark_applied_with(cx, Component::Database, &digest, facts).await
}

async fn put_files(a: &Database, cx: &Context<'_>, places: &Places, config: &Config) -> Result<(), ActError> {
    let server = format!("/usr/lib/postgresql/{}/bin/postgres", places.major);
    let data = format!("/var/lib/postgresql/{}/main", places.major);
    // Root may not start a server, but may ask one for a setting; it reads the whole file for that.
    let args = ["-C", "max_connections", "-D", data.as_str(), "-c", "config_file={}"];
    let validator = Validator { program: &server, args: &args };
    rendered::put_validated(cx, &config.path, config.content.as_bytes(), 0o644, Some(validator)).await?;
    for (path, content) in places.rules(a)? {
        rendered::put_validated(cx, &path, content.as_bytes(), 0o640, None).await?;
        run_ok(cx, Command::new("chown", &["root:postgres", &path.to_string_lossy()])).await?;
    }
    rendered::put_validated(cx, Path::new(RECORD), super::record(a)?.as_bytes(), 0o644, None).await?;
    if rendered::put_validated(cx, Path::new(&places.drop_in()), drop_in()?.as_bytes(), 0o644, None).await? {
        cx.host.reload_units().await?;
    }
    Ok(())
}

/// Waits until the server answers, and asks it what it thinks of the rules it was given.
async fn accepted(cx: &Context<'_>) -> Result<(), ActError> {
    const RULES: &str =
        "SELECT 'line ' || line_number || ': ' || error FROM pg_hba_file_rules WHERE error IS NOT NULL;";
    let wait = service::Wait::new(60, Duration::from_millis(100), "postgresql to answer");
    loop {
        match query(cx, "postgres", RULES).await {
            Ok(errors) if errors.trim().is_empty() => return Ok(()),
            Ok(errors) => return Err(ActError::Invalid { program: "postgresql".to_owned(), said: errors }),
            Err(not_yet) => wait.again(not_yet.to_string()).await?,
        }
    }
}

/// Runs SQL as the superuser, over the socket; rows come back as lines, columns parted by `|`. The SQL is read from standard
/// input: it may hold a secret.
pub(crate) async fn query(cx: &Context<'_>, database: &str, sql: &str) -> Result<String, ActError> {
    Ok(run_ok(cx, client(database, sql, Duration::from_secs(120))).await?.text())
}

/// The client as superuser over the socket, whatever a person's own settings say.
pub(crate) fn client<'a>(database: &'a str, sql: &str, limit: Duration) -> Command<'a> {
    let args = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-U", "postgres", "-d", database, "-f", "-"];
    Command::new("psql", &args).stdin(sql.as_bytes().to_vec()).timeout(limit)
}

#[cfg(test)]
mod tests {
    use super::super::mariadb::tests::wanted;
    use super::*;
    use crate::execute::distro::SUPPORTED;

    #[test]
    fn with_tls_clients_must_use_it() {
        let places = Places::of(&SUPPORTED[0]);
        let a = Database { settings: [("work_mem".to_owned(), "8MB".to_owned())].into(), ..wanted() };
        rendered::assert_golden("postgresql.conf", &config(&a, &places).unwrap().content);
        rendered::assert_golden("postgresql-hba.conf", &hba(&a).unwrap());
        rendered::assert_golden("postgresql-ident.conf", &places.rules(&a).unwrap()[1].1);
    }

    #[test]
    fn without_tls() {
        let a = Database { tls: false, settings: Default::default(), ..wanted() };
        rendered::assert_golden("postgresql-plain.conf", &config(&a, &Places::of(&SUPPORTED[1])).unwrap().content);
        rendered::assert_golden("postgresql-plain-hba.conf", &hba(&a).unwrap());
    }

    #[test]
    fn a_setting_cannot_leave_its_quotes() {
        let settings = [("work_mem".to_owned(), "8MB' hba_file = 'x".to_owned())].into();
        let content = config(&Database { settings, ..wanted() }, &Places::of(&SUPPORTED[0])).unwrap().content;
        assert!(content.ends_with("work_mem = '8MB'' hba_file = ''x'\n"), "{content}");
    }
}
