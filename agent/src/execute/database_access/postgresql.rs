//! PostgreSQL: a role with a SCRAM secret that owns its database. From where it may connect is in the server's rules.
//!
//! Knows nothing of those rules.

use super::Wanted;
use crate::execute::database::postgresql::query;
use crate::execute::database::scram;
use crate::execute::database::sql::{postgresql_name, postgresql_string};
use crate::execute::{ActError, Context};

pub(super) async fn trouble(w: &Wanted<'_>, cx: &Context<'_>) -> Result<Option<String>, ActError> {
    let rows = query(
        cx,
        "postgres",
        &format!(
            "SELECT 'role', rolcanlogin, coalesce(rolpassword, '') FROM pg_authid WHERE rolname = {user};
             SELECT 'database', pg_encoding_to_char(encoding), pg_get_userbyid(datdba) FROM pg_database WHERE datname = {name};",
            user = postgresql_string(w.user),
            name = postgresql_string(w.name)
        ),
    )
    .await?;
    Ok(judge(w, &rows))
}

fn judge(w: &Wanted<'_>, rows: &str) -> Option<String> {
    let rows: Vec<Vec<&str>> = rows.lines().map(|l| l.split('|').collect()).collect();
    let row = |kind: &str| rows.iter().find(|r| r[0] == kind).map(Vec::as_slice);
    match (row("role"), row("database")) {
        (None, _) => Some(format!("there is no role {}", w.user)),
        (_, None) => Some(format!("there is no database {}", w.name)),
        (Some([_, "t", kept]), Some([_, "UTF8", owner])) if *owner == w.user => {
            let fits = w.password.is_none_or(|p| scram::fits(kept, p));
            (!fits).then(|| format!("the role {} has another password", w.user))
        }
        (Some(_), Some([_, "UTF8", owner])) if *owner == w.user => Some(format!("the role {} may not log in", w.user)),
        (Some(_), Some(_)) => Some(format!("the database {} is not UTF8 or not owned by {}", w.name, w.user)),
    }
}

pub(super) async fn grant(w: &Wanted<'_>, password: &str, cx: &Context<'_>) -> Result<(), ActError> {
    let salt: [u8; 16] = rand::random();
    query(cx, "postgres", &role(w, &scram::secret(password, &salt))).await?;
    let name = postgresql_string(w.name);
    let exists = query(cx, "postgres", &format!("SELECT 1 FROM pg_database WHERE datname = {name};")).await?;
    if exists.trim().is_empty() {
        // Cannot be part of a transaction, nor asked for only if it is not there.
        query(cx, "postgres", &create(w)).await?;
    }
    let (name, user) = (postgresql_name(w.name), postgresql_name(w.user));
    let sql = format!("ALTER DATABASE {name} OWNER TO {user};\nREVOKE ALL ON DATABASE {name} FROM PUBLIC;\n");
    query(cx, "postgres", &sql).await?;
    Ok(())
}

fn role(w: &Wanted<'_>, secret: &str) -> String {
    let user = postgresql_name(w.user);
    format!(
        "DO $$ BEGIN\n\
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = {}) THEN CREATE ROLE {user}; END IF;\n\
         END $$;\n\
         ALTER ROLE {user} LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE PASSWORD {};\n",
        postgresql_string(w.user),
        postgresql_string(secret)
    )
}

fn create(w: &Wanted<'_>) -> String {
    format!(
        "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' LOCALE 'C.UTF-8' TEMPLATE template0;\n",
        postgresql_name(w.name),
        postgresql_name(w.user)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { name: "jwdb", user: "joget", tls: true, password: Some("pw") };

    #[test]
    fn the_password_is_nowhere_in_the_statements() {
        let sql = role(&WANTED, &scram::secret("canary-1f", b"0123456789abcdef"));
        assert!(sql.contains("PASSWORD 'SCRAM-SHA-256$4096:") && !sql.contains("canary"), "{sql}");
    }

    #[test]
    fn each_thing_that_differs_is_told() {
        let kept = scram::secret("pw", b"0123456789abcdef");
        let role = format!("role|t|{kept}\n");
        let database = "database|UTF8|joget\n";
        assert_eq!(judge(&WANTED, &[&role, database].concat()), None);
        let differs = |rows: &[&str], word: &str| assert!(judge(&WANTED, &rows.concat()).unwrap().contains(word));
        differs(&[database], "no role");
        differs(&[&role], "no database");
        differs(&["role|t|\n", database], "another password");
        differs(&[&role.replace("|t|", "|f|"), database], "log in");
        differs(&[&role, "database|SQL_ASCII|joget\n"], "UTF8");
        differs(&[&role, "database|UTF8|postgres\n"], "owned");
    }
}
