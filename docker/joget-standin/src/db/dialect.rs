//! Where the two databases want different SQL.
//!
//! It must not run statements.

use crate::jdbc::Kind;

/// Turns `?` into `$1`, `$2`, ... as PostgreSQL wants it. Our statements have no `?` inside quotes.
pub fn numbered(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len() + 8);
    for (at, part) in sql.split('?').enumerate() {
        if at > 0 {
            out.push_str(&format!("${at}"));
        }
        out.push_str(part);
    }
    out
}

/// The present time in UTC, by the database's clock: one clock for all pods.
pub fn now(kind: Kind) -> &'static str {
    match kind {
        Kind::MySql => "UTC_TIMESTAMP(3)",
        Kind::Postgres => "(clock_timestamp() AT TIME ZONE 'UTC')",
    }
}

/// A time column as text in RFC 3339.
pub fn time_text(kind: Kind, column: &str) -> String {
    match kind {
        Kind::MySql => format!("CONCAT(LEFT(DATE_FORMAT({column}, '%Y-%m-%dT%H:%i:%s.%f'), 23), 'Z')"),
        Kind::Postgres => format!("to_char({column}, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"')"),
    }
}

/// What follows an INSERT so that a key that is there already is left alone.
pub fn keep_existing(kind: Kind) -> &'static str {
    match kind {
        Kind::MySql => " ON DUPLICATE KEY UPDATE id = id",
        Kind::Postgres => " ON CONFLICT DO NOTHING",
    }
}

/// The type of a time column.
pub fn time_type(kind: Kind) -> &'static str {
    match kind {
        Kind::MySql => "DATETIME(3)",
        Kind::Postgres => "TIMESTAMP(3)",
    }
}

/// What follows a CREATE TABLE.
pub fn table_suffix(kind: Kind) -> &'static str {
    match kind {
        Kind::MySql => " ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_unicode_ci",
        Kind::Postgres => "",
    }
}

/// Takes and gives back the one lock under which the schema is made (replicas may start together).
pub fn schema_lock(kind: Kind) -> (&'static str, &'static str) {
    match kind {
        Kind::MySql => ("SELECT GET_LOCK('standin-schema', 4)", "SELECT RELEASE_LOCK('standin-schema')"),
        Kind::Postgres => ("SELECT pg_advisory_lock(7234115)", "SELECT pg_advisory_unlock(7234115)"),
    }
}

/// The session's cipher; empty when it is plain text.
pub fn cipher(kind: Kind) -> &'static str {
    match kind {
        Kind::MySql => "SHOW SESSION STATUS LIKE 'Ssl_cipher'",
        Kind::Postgres => "SELECT COALESCE(cipher, '') FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
    }
}

/// Whether the server takes reads only: `1` or `on`.
pub fn read_only(kind: Kind) -> &'static str {
    match kind {
        Kind::MySql => "SELECT @@global.read_only",
        Kind::Postgres => "SELECT current_setting('transaction_read_only')",
    }
}

/// Makes a database. The name was checked to be letters, digits and `_`.
pub fn create_database(kind: Kind, name: &str) -> String {
    match kind {
        Kind::MySql => format!("CREATE DATABASE `{name}` CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci"),
        Kind::Postgres => format!("CREATE DATABASE \"{name}\" ENCODING 'UTF8' TEMPLATE template0"),
    }
}

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn question_marks_become_numbers() {
        assert_eq!(numbered("INSERT INTO t VALUES (?, ?)"), "INSERT INTO t VALUES ($1, $2)");
        assert_eq!(numbered("SELECT 1"), "SELECT 1");
    }
}
