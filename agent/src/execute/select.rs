//! One SELECT in a schema of this machine's database server, as its administrator over the local socket.
//!
//! Changes nothing and needs no password.

use ha_domain::spec::DatabaseKind;

use super::rendered::last_lines;
use super::{ActError, Context};
use crate::host::Command;

/// The rows as the server's own client prints them, without names.
pub(super) async fn rows(cx: &Context<'_>, kind: DatabaseKind, schema: &str, query: &str) -> Result<String, ActError> {
    let (program, args) = match kind {
        DatabaseKind::MariaDb => ("mariadb", vec!["--batch", "--skip-column-names", "--execute", query, schema]),
        DatabaseKind::PostgreSql => {
            let psql = [
                "-u",
                "postgres",
                "--",
                "psql",
                "--no-psqlrc",
                "--tuples-only",
                "--no-align",
                "--command",
                query,
                schema,
            ];
            ("runuser", psql.to_vec())
        }
    };
    let output = cx.host.run(Command::new(program, &args)).await?;
    if output.ok() {
        return Ok(output.text());
    }
    Err(ActError::Program { program: program.to_owned(), code: output.code, said: last_lines(&output.stderr) })
}
