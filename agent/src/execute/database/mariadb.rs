//! MariaDB: a drop-in after the distribution's own settings, accounts that nobody asked for removed.
//!
//! Knows nothing of Joget's schema.

use std::path::Path;
use std::time::Duration;

use ha_domain::id::Digest;
use ha_domain::step::{Component, Database};
use minijinja::context;

use super::{Config, RECORD, Tls};
use crate::execute::distro::{self, MARIADB, MARIADB_SERVER};
use crate::execute::rendered::{self, Validator, run_ok, template};
use crate::execute::{ActError, Context, Probe, service};
use crate::host::Command;

const TLS: [&str; 2] = ["/etc/mysql/ha-mesh/server.crt", "/etc/mysql/ha-mesh/server.key"];
const DROP_IN: &str = "/etc/systemd/system/mariadb.service.d/ha-mesh.conf";

/// Accounts without a name, root from elsewhere, an empty schema `test`: what some installations leave open.
const SECURE: &str = "
DELETE FROM mysql.global_priv WHERE User = '';
DELETE FROM mysql.global_priv WHERE User = 'root' AND Host NOT IN ('localhost', '127.0.0.1', '::1');
DELETE FROM mysql.db WHERE Db = 'test' OR Db = 'test\\\\_%';
FLUSH PRIVILEGES;
SELECT COUNT(*) FROM information_schema.schemata s
  LEFT JOIN information_schema.tables t ON t.table_schema = s.schema_name
  WHERE s.schema_name = 'test' AND t.table_name IS NULL;
";

fn tls() -> Tls<'static> {
    Tls { chain: Path::new(TLS[0]), key: Path::new(TLS[1]), owner: "mysql:mysql" }
}

fn config(a: &Database) -> Result<Config, ActError> {
    let values = context! {
        address => a.address.to_string(),
        max_connections => a.max_connections,
        cache_mib => a.cache_mib.max(8),
        tls => a.tls,
        chain => TLS[0],
        key => TLS[1],
        settings => super::settings(a)?.into_iter().map(|(n, v)| vec![n, v]).collect::<Vec<_>>(),
    };
    let content = rendered::render(Component::Database, &template!("mariadb.cnf.j2"), values)?;
    Ok(Config { path: MARIADB.1.into(), content, unit: MARIADB.0.to_owned() })
}

fn drop_in() -> Result<String, ActError> {
    rendered::render(Component::Database, &template!("database-unit.conf.j2"), context! { restart => true })
}

pub(super) async fn probe(a: &Database, cx: &Context<'_>) -> Result<Probe, ActError> {
    if let Some(trouble) = service::trouble(cx, MARIADB.0).await? {
        return Ok(Probe::Differs(trouble));
    }
    let (config, drop_in, record) = (config(a)?, drop_in()?, super::record(a)?);
    for (path, content) in [(MARIADB.1, &config.content), (DROP_IN, &drop_in), (RECORD, &record)] {
        if !rendered::is_current(cx, Path::new(path), content.as_bytes()).await? {
            return Ok(Probe::Differs(format!("{path} differs")));
        }
    }
    if let Some(trouble) = tls().trouble(a, cx).await? {
        return Ok(Probe::Differs(trouble));
    }
    let digest = Digest::of(config.content.as_bytes());
    match rendered::applied_facts(cx, Component::Database, &digest).await? {
        Some(facts) if facts.get("certificate") == Some(&tls().digest(a, cx).await?) => Ok(Probe::Converged(facts)),
        Some(_) => Ok(Probe::Differs("the server was not told of its new certificate".to_owned())),
        None => Ok(Probe::Differs("the server was not started with its configuration".to_owned())),
    }
}

pub(super) async fn act(a: &Database, cx: &Context<'_>) -> Result<(), ActError> {
    let distribution = distro::of(cx).await?;
    distro::install(cx, &[distribution.every_machine, distribution.mariadb].concat()).await?;
    let new_certificate = tls().put(a, cx).await?;
    let config = config(a)?;
    let before = cx.host.read(&config.path).await?;
    let args = ["--defaults-extra-file={}", "--user=mysql", "--help", "--verbose"];
    let validator = Validator { program: MARIADB_SERVER.0, args: &args };
    rendered::put_validated(cx, &config.path, config.content.as_bytes(), 0o644, Some(validator)).await?;
    rendered::put_validated(cx, Path::new(RECORD), super::record(a)?.as_bytes(), 0o644, None).await?;
    if rendered::put_validated(cx, Path::new(DROP_IN), drop_in()?.as_bytes(), 0o644, None).await? {
        cx.host.reload_units().await?;
    }
    let digest = Digest::of(config.content.as_bytes());
    if rendered::is_applied(cx, Component::Database, &digest).await? {
        service::start(cx, MARIADB.0).await?;
    } else {
        config.take_up(cx, before).await?;
    }
    secure(cx).await?;
    if new_certificate {
        // Harmless where it has just started with it.
        query(cx, "FLUSH SSL;").await?;
    }
    let facts =
        [("version", distro::version(cx, "mariadb-server").await?), ("certificate", tls().digest(a, cx).await?)];
    rendered::mark_applied_with(cx, Component::Database, &digest, distro::facts(facts)).await
}

async fn secure(cx: &Context<'_>) -> Result<(), ActError> {
    if query(cx, SECURE).await?.trim() == "1" {
        query(cx, "DROP DATABASE test;").await?;
    }
    Ok(())
}

/// Runs SQL as the server's root, over its socket; rows come back as lines, columns parted by tabs. The SQL is read from
/// standard input: it may hold a secret.
pub(crate) async fn query(cx: &Context<'_>, sql: &str) -> Result<String, ActError> {
    Ok(run_ok(cx, client(sql, Duration::from_secs(120))).await?.text())
}

/// The client as root over the socket, whatever a person's own settings say.
pub(crate) fn client(sql: &str, limit: Duration) -> Command<'static> {
    const ARGS: [&str; 6] =
        ["--no-defaults", "--socket=/run/mysqld/mysqld.sock", "--user=root", "--batch", "--skip-column-names", "--raw"];
    Command::new("mariadb", &ARGS).stdin(sql.as_bytes().to_vec()).timeout(limit)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ha_domain::spec::DatabaseKind;

    pub(in super::super) fn wanted() -> Database {
        Database {
            kind: DatabaseKind::MariaDb,
            address: "10.0.0.41".parse().unwrap(),
            allow: vec!["10.0.0.31".to_owned(), "10.244.0.0/16".to_owned()],
            max_connections: 300,
            cache_mib: 512,
            tls: true,
            settings: [("innodb_io_capacity".to_owned(), "500".to_owned())].into(),
        }
    }

    #[test]
    fn with_tls_clients_must_use_it() {
        rendered::assert_golden("mariadb.cnf", &config(&wanted()).unwrap().content);
        rendered::assert_golden("database-unit.conf", &drop_in().unwrap());
    }

    #[test]
    fn without_tls_and_without_settings() {
        let a = Database { tls: false, settings: Default::default(), ..wanted() };
        rendered::assert_golden("mariadb-plain.cnf", &config(&a).unwrap().content);
    }

    #[test]
    fn a_setting_cannot_become_two() {
        let settings = [("max_connections".to_owned(), "1\nplugin_load = evil".to_owned())].into();
        assert!(config(&Database { settings, ..wanted() }).is_err());
        let settings = [("a = 1\nb".to_owned(), "2".to_owned())].into();
        assert!(config(&Database { settings, ..wanted() }).is_err());
    }

    #[test]
    fn only_addresses_and_networks_may_connect() {
        let a = Database { allow: vec!["everyone".to_owned()], ..wanted() };
        assert!(super::super::record(&a).is_err());
    }
}
