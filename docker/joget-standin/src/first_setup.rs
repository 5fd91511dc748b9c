//! The first setup: makes the database and its tables, then writes the two property files.
//!
//! It must not know HTTP.

use crate::db::schema::{self, Outcome};
use crate::db::{Conn, DbError, Login, dialect};
use crate::jdbc::{self, Target, UrlError};
use crate::properties;
use crate::secret::Secret;
use crate::settings::Settings;
use crate::source::{MAIN_FILE, is_plain_name, profile_file};
use serde::{Deserialize, Deserializer};
use std::io;
use std::path::Path;
use thiserror::Error;

/// The fields of `POST /jw/setup/init`, by Joget's names. `sampleApps` and `sampleUsers` are taken and ignored.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    #[serde(default)]
    jdbc_driver: String,
    jdbc_url: String,
    #[serde(default)]
    jdbc_full_url: String,
    jdbc_user: String,
    #[serde(default, deserialize_with = "secret")]
    jdbc_password: Secret,
    #[serde(default)]
    db_type: String,
    #[serde(default)]
    db_name: String,
}

fn secret<'de, D: Deserializer<'de>>(input: D) -> Result<Secret, D::Error> {
    String::deserialize(input).map(Secret::new)
}

/// Why the setup was not done.
#[derive(Debug, Error)]
pub enum SetupError {
    /// A field is wrong.
    #[error("{field}: {why}")]
    Field {
        /// Which field.
        field: &'static str,
        /// What is wrong and what to send instead.
        why: String,
    },
    /// The database refused.
    #[error(transparent)]
    Database(#[from] DbError),
    /// The files could not be written.
    #[error("writing {file} failed: {why}; the directory must be writable")]
    File {
        /// Which file.
        file: String,
        /// What the system says.
        why: io::Error,
    },
}

/// Does the whole setup and returns the profile's name. Safe to repeat after a failure.
///
/// # Errors
/// `SetupError`; nothing is in use until it returns Ok.
pub async fn run(settings: &Settings, request: &Request) -> Result<String, SetupError> {
    let checked = check(request)?;
    let login = Login { user: request.jdbc_user.clone(), password: request.jdbc_password.clone() };
    let mut conn = connect_or_create(&checked, &login).await?;
    if schema::install(&mut conn, &settings.seed).await? == Outcome::WasThere {
        crate::about::log("setup: the tables are there already, nothing was touched");
    }
    schema::create_runtime_tables(&mut conn).await?;
    write_files(&settings.datasource_dir, request, &checked).await?;
    Ok(checked.profile)
}

/// A request whose fields fit each other.
#[derive(Debug)]
struct Checked {
    first: Target,
    full: Target,
    full_url: String,
    profile: String,
    name: Option<String>,
}

fn check(request: &Request) -> Result<Checked, SetupError> {
    let field = |field: &'static str, why: &str| SetupError::Field { field, why: why.to_owned() };
    if !matches!(request.db_type.as_str(), "" | "mysql" | "mariadb" | "postgresql" | "custom") {
        return Err(field("dbType", "the stand-in knows mysql, postgresql and custom"));
    }
    let is_custom = request.db_type == "custom" || request.db_name.trim().is_empty();
    let name = Some(request.db_name.trim().to_owned()).filter(|_| !is_custom);
    let is_word = |name: &String| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && name.len() <= 63;
    if !name.iter().all(is_word) {
        return Err(field("dbName", "letters, digits and `_`, at most 63"));
    }
    let url = |name: &'static str| move |error: UrlError| SetupError::Field { field: name, why: error.to_string() };
    let first = jdbc::parse(&request.jdbc_url).map_err(url("jdbcUrl"))?;
    let given = if request.jdbc_full_url.trim().is_empty() { &request.jdbc_url } else { &request.jdbc_full_url };
    let full_url =
        name.as_ref().map_or_else(|| given.trim().to_owned(), |name| jdbc::with_database(given.trim(), name));
    let full = jdbc::parse(&full_url).map_err(url("jdbcFullUrl"))?;
    let profile = name.clone().unwrap_or_else(|| "custom".to_owned());
    if full.database.is_none() || !is_plain_name(&profile) {
        return Err(field("jdbcFullUrl", "names no database; add /DATABASE, or send dbName"));
    }
    Ok(Checked { first, full, full_url, profile, name })
}

/// Connects to the database; makes it first when that fails and the request names it.
async fn connect_or_create(checked: &Checked, login: &Login) -> Result<Conn, DbError> {
    let missing = match Conn::open(&checked.full, login).await {
        Ok(conn) => return Ok(conn),
        Err(error) => error,
    };
    let Some(name) = &checked.name else { return Err(missing) };
    // The server's own word on why the database is missing tells more than a refused CREATE.
    let server = Target { database: None, ..checked.first.clone() };
    let Ok(mut conn) = Conn::open(&server, login).await else { return Err(missing) };
    if conn.query(&dialect::create_database(conn.kind(), name), &[]).await.is_err() {
        return Err(missing);
    }
    Conn::open(&checked.full, login).await
}

/// The profile's file first (it holds the password: for the owner only); only the other one puts it into use.
async fn write_files(dir: &Path, request: &Request, checked: &Checked) -> Result<(), SetupError> {
    let profile = properties::render(&[
        ("workflowDriver", &request.jdbc_driver),
        ("workflowUrl", &checked.full_url),
        ("workflowUser", &request.jdbc_user),
        ("workflowPassword", request.jdbc_password.reveal()),
        ("profileName", &checked.profile),
    ]);
    write_whole(dir, &profile_file(&checked.profile), &profile).await?;
    write_whole(dir, MAIN_FILE, &properties::render(&[("currentProfile", &checked.profile)])).await
}

async fn write_whole(dir: &Path, file: &str, text: &str) -> Result<(), SetupError> {
    let failed = |why: io::Error| SetupError::File { file: dir.join(file).display().to_string(), why };
    let mut partial = crate::shared_file::Partial::begin(dir, 0o600).await.map_err(failed)?;
    if let Err(why) = partial.add(text.as_bytes()).await {
        partial.abandon().await;
        return Err(failed(why));
    }
    partial.finish(&dir.join(file)).await.map(drop).map_err(failed)
}

#[cfg(test)]
mod tests {
    use super::{Request, check};
    use crate::secret::Secret;

    fn request(url: &str, full: &str, name: &str) -> Request {
        Request {
            jdbc_driver: "org.mariadb.jdbc.Driver".to_owned(),
            jdbc_url: url.to_owned(),
            jdbc_full_url: full.to_owned(),
            jdbc_user: "joget".to_owned(),
            jdbc_password: Secret::new("s3cret"),
            db_type: "mysql".to_owned(),
            db_name: name.to_owned(),
        }
    }

    #[test]
    fn the_profile_is_named_after_the_database() {
        let checked = check(&request("jdbc:mysql://h/?a=b", "jdbc:mysql://h/jwdb?a=b", "jwdb")).unwrap();
        assert_eq!((checked.profile.as_str(), checked.full_url.as_str()), ("jwdb", "jdbc:mysql://h/jwdb?a=b"));
    }

    #[test]
    fn without_a_full_url_the_database_is_put_into_the_url() {
        let checked = check(&request("jdbc:mysql://h:3307", "", "jwdb")).unwrap();
        assert_eq!(checked.full_url, "jdbc:mysql://h:3307/jwdb");
    }

    #[test]
    fn a_request_without_a_name_is_custom_and_needs_a_database_in_its_url() {
        assert_eq!(check(&request("jdbc:mysql://h/own", "", "")).unwrap().profile, "custom");
        assert!(check(&request("jdbc:mysql://h/", "", "")).is_err());
    }

    #[test]
    fn a_name_that_is_no_word_is_refused() {
        let text = check(&request("jdbc:mysql://h", "", "a`; DROP")).unwrap_err().to_string();
        assert!(text.starts_with("dbName:"), "{text}");
    }

    #[test]
    fn the_password_is_not_shown_by_debug() {
        assert!(!format!("{:?}", request("jdbc:mysql://h", "", "x")).contains("s3cret"));
    }
}
