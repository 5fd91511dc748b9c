//! What the two servers' own tools are asked for. Commands and SQL as data, so that the trial is written once.
//!
//! Knows nothing of when, nor of what is compared.

use std::path::{Path, PathBuf};
use std::time::Duration;

use ha_domain::spec::DatabaseKind;

use super::run;
use crate::execute::database::sql::{mariadb_name, mariadb_string, postgresql_string};
use crate::execute::database::{mariadb, postgresql};
use crate::execute::rendered::run_ok;
use crate::execute::{ActError, Context};

/// The scratch database a dump is restored into. Dropped before and after.
pub(super) const SCRATCH: &str = "ha_mesh_trial";

const MARIADB: [&str; 3] = ["--no-defaults", "--socket=/run/mysqld/mysqld.sock", "--user=root"];

/// One of the servers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Engine(pub(super) DatabaseKind);

fn command(program: &str, args: &[&str]) -> Vec<String> {
    std::iter::once(&program).chain(args).map(|s| (*s).to_owned()).collect()
}

impl Engine {
    /// How a backup's file name ends.
    pub(super) fn ending(self) -> &'static str {
        match self.0 {
            DatabaseKind::MariaDb => ".sql.gz",
            DatabaseKind::PostgreSql => ".dump",
        }
    }

    /// Dumps one consistent view of `name` into `file` without holding writers up.
    pub(super) fn dump(self, name: &str, file: &Path) -> Vec<String> {
        let file = file.to_string_lossy();
        match self.0 {
            DatabaseKind::MariaDb => {
                let result = format!("--result-file={file}");
                let what = ["--single-transaction", "--quick", "--routines", "--triggers", "--events", "--hex-blob"];
                let rest = ["--default-character-set=utf8mb4", &result, name];
                command("mariadb-dump", &[&MARIADB[..], &what, &rest].concat())
            }
            DatabaseKind::PostgreSql => {
                command("pg_dump", &["--username=postgres", "--format=custom", "--file", &file, "--dbname", name])
            }
        }
    }

    /// Restores `file` into the scratch database; stops at the first error.
    pub(super) fn restore(self, file: &Path) -> Vec<String> {
        let file = file.to_string_lossy();
        match self.0 {
            DatabaseKind::MariaDb => {
                let source = format!("--execute=source {file}");
                command("mariadb", &[&MARIADB[..], &["--default-character-set=utf8mb4", &source, SCRATCH]].concat())
            }
            DatabaseKind::PostgreSql => {
                command("pg_restore", &["--username=postgres", "--exit-on-error", "--dbname", SCRATCH, &file])
            }
        }
    }

    /// Makes the scratch database, empty.
    pub(super) async fn make_scratch(self, cx: &Context<'_>) -> Result<(), ActError> {
        self.drop_scratch(cx).await?;
        let sql = match self.0 {
            DatabaseKind::MariaDb => {
                format!("CREATE DATABASE {SCRATCH} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;")
            }
            DatabaseKind::PostgreSql => {
                format!("CREATE DATABASE {SCRATCH} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;")
            }
        };
        self.query(cx, None, &sql).await.map(drop)
    }

    /// Drops the scratch database, if it is there.
    pub(super) async fn drop_scratch(self, cx: &Context<'_>) -> Result<(), ActError> {
        self.query(cx, None, &format!("DROP DATABASE IF EXISTS {SCRATCH};")).await.map(drop)
    }

    /// Names of the tables of a database, as SQL that a count can use, and how people know them.
    pub(super) async fn tables(self, cx: &Context<'_>, database: &str) -> Result<Vec<String>, ActError> {
        let rows = match self.0 {
            DatabaseKind::MariaDb => {
                let sql = format!(
                    "SELECT table_name FROM information_schema.tables \
                     WHERE table_schema = {} AND table_type = 'BASE TABLE' ORDER BY table_name;",
                    mariadb_string(database)
                );
                self.query(cx, None, &sql).await?
            }
            DatabaseKind::PostgreSql => {
                let sql = "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables \
                           WHERE schemaname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1;";
                self.query(cx, Some(database), sql).await?
            }
        };
        Ok(rows.lines().filter(|l| !l.is_empty()).map(str::to_owned).collect())
    }

    /// Rows of each of `tables`, in their order.
    pub(super) async fn count(self, cx: &Context<'_>, database: &str, tables: &[String]) -> Result<Vec<u64>, ActError> {
        let one = |table: &String| match self.0 {
            DatabaseKind::MariaDb => {
                format!("SELECT COUNT(*) FROM {}.{};\n", mariadb_name(database), mariadb_name(table))
            }
            DatabaseKind::PostgreSql => format!("SELECT count(*) FROM {table};\n"),
        };
        let sql: String = tables.iter().map(one).collect();
        let rows = self.query(cx, Some(database), &sql).await?;
        Ok(rows.lines().filter_map(|l| l.trim().parse().ok()).collect())
    }

    async fn query(self, cx: &Context<'_>, database: Option<&str>, sql: &str) -> Result<String, ActError> {
        let limit = Duration::from_secs(3600);
        let command = match self.0 {
            DatabaseKind::MariaDb => mariadb::client(sql, limit),
            DatabaseKind::PostgreSql => postgresql::client(database.unwrap_or("postgres"), sql, limit),
        };
        Ok(run_ok(cx, command).await?.text())
    }

    /// Whether the database is there at all.
    pub(super) async fn exists(self, cx: &Context<'_>, database: &str) -> Result<bool, ActError> {
        let sql = match self.0 {
            DatabaseKind::MariaDb => {
                format!("SELECT 1 FROM information_schema.schemata WHERE schema_name = {};", mariadb_string(database))
            }
            DatabaseKind::PostgreSql => {
                format!("SELECT 1 FROM pg_database WHERE datname = {};", postgresql_string(database))
            }
        };
        Ok(!self.query(cx, None, &sql).await?.trim().is_empty())
    }

    /// Makes a dump small, where it is not already. Returns where it then is.
    pub(super) async fn pack(self, cx: &Context<'_>, draft: &Path) -> Result<PathBuf, ActError> {
        match self.0 {
            DatabaseKind::MariaDb => {
                run(cx, &command("gzip", &["--force", "--no-name", &draft.to_string_lossy()])).await?;
                Ok(draft.with_extension("gz"))
            }
            DatabaseKind::PostgreSql => Ok(draft.to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_command_is_a_shell_and_none_carries_a_password() {
        for kind in [DatabaseKind::MariaDb, DatabaseKind::PostgreSql] {
            let engine = Engine(kind);
            for command in [engine.dump("jwdb", Path::new("/d")), engine.restore(Path::new("/d"))] {
                assert!(!command[0].ends_with("sh") && !command.iter().any(|a| a.contains("password")), "{command:?}");
            }
        }
    }
}
