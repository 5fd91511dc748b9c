//! Text that goes into SQL: names that are checked, values that are quoted.
//!
//! Knows no statement.

use crate::execute::ActError;

/// A schema, database or user name: what needs no quoting in either server's file names, host rules and SQL.
///
/// # Errors
/// Anything but 1 to 63 ASCII letters, digits, `_` and `-`.
pub(crate) fn name(text: &str) -> Result<&str, ActError> {
    let fits =
        (1..=63).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if fits {
        Ok(text)
    } else {
        Err(ActError::Refused(format!("{text:?} cannot be a database or user name: use letters, digits, '_' and '-'")))
    }
}

/// A string for MariaDB, where a backslash escapes.
pub(crate) fn mariadb_string(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

/// A string for PostgreSQL, where it does not.
pub(crate) fn postgresql_string(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A name for MariaDB, whatever is in it.
pub(crate) fn mariadb_name(text: &str) -> String {
    format!("`{}`", text.replace('`', "``"))
}

/// A name for PostgreSQL, whatever is in it.
pub(crate) fn postgresql_name(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_need_quoting_are_refused() {
        assert_eq!(name("jw_db-2").unwrap(), "jw_db-2");
        for odd in ["", "a b", "a`", "a'; drop database x", "ä", &"a".repeat(64)] {
            assert!(name(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn values_cannot_leave_their_quotes() {
        assert_eq!(mariadb_string(r"a'b\"), r"'a''b\\'");
        assert_eq!(postgresql_string(r"a'b\"), r"'a''b\'");
        assert_eq!(mariadb_name("a`b"), "`a``b`");
        assert_eq!(postgresql_name("a\"b"), "\"a\"\"b\"");
    }
}
