//! The data source: Joget's two property files, read again when they change, and the pool made from them.
//!
//! It must not know HTTP or SQL.

use crate::db::Login;
use crate::db::pool::Pool;
use crate::db::schema::Seed;
use crate::jdbc::{self, Target, UrlError};
use crate::properties;
use crate::secret::Secret;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio::time::timeout;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(1);
/// How long they are left alone after they could not be read while there is a pool.
const LEAVE: Duration = Duration::from_secs(10);
/// How long reading them may take: the directory may be a dead NFS mount.
const READ_LIMIT: Duration = Duration::from_secs(5);
/// Joget's own default is 500; the pool's ceiling applies anyway.
const DEFAULT_MAX_ACTIVE: usize = 10;

/// The file that names the profile.
pub const MAIN_FILE: &str = "app_datasource.properties";

/// The file of one profile.
pub fn profile_file(profile: &str) -> String {
    format!("app_datasource-{profile}.properties")
}

/// Why there is no data source.
#[derive(Clone, Debug, Error)]
pub enum SourceError {
    /// Joget's state before the setup.
    #[error("not set up: {0} names no currentProfile; POST /jw/setup/init, or mount the data source's files")]
    NotSetUp(String),
    /// A file is missing or unreadable.
    #[error("reading {path} failed: {why}")]
    Unreadable {
        /// Which file.
        path: String,
        /// What the system says.
        why: String,
    },
    /// A key is missing or wrong.
    #[error("{path}: {key}: {why}")]
    Wrong {
        /// Which file.
        path: String,
        /// Which key.
        key: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// What the files say.
#[derive(Clone, Debug)]
pub struct DataSource {
    /// `currentProfile`.
    pub profile: String,
    /// `workflowUrl`, understood.
    pub target: Target,
    /// `workflowUser` and `workflowPassword`.
    pub login: Login,
    /// `maxActive` or `maxTotal`.
    pub max_active: usize,
}

/// The files and the pool made from what they said last.
pub struct Source {
    dir: PathBuf,
    seed: Option<Seed>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    next_look: Option<Instant>,
    texts: Option<(String, String)>,
    pool: Option<Result<Arc<Pool>, SourceError>>,
}

impl Source {
    /// A source that has not looked yet. With a seed its pools make the schema when it is missing.
    pub fn new(dir: PathBuf, seed: Option<Seed>) -> Self {
        Self { dir, seed, state: Mutex::default() }
    }

    /// The pool of the present data source; looks at the files at most once a second.
    ///
    /// # Errors
    /// `SourceError` when there is none yet or the files are wrong.
    pub async fn pool(&self) -> Result<Arc<Pool>, SourceError> {
        let mut state = self.state.lock().await;
        let is_due = state.next_look.is_none_or(|at| Instant::now() >= at);
        if let (false, Some(pool)) = (is_due, &state.pool) {
            return pool.clone();
        }
        let texts = self.texts().await;
        state.next_look = Some(Instant::now() + LOOK);
        match texts {
            Ok(texts) if state.texts.as_ref() == Some(&texts) => {}
            Ok(texts) => {
                state.pool = Some(self.make_pool(&texts));
                state.texts = Some(texts);
            }
            // A volume that hangs for a moment must not take the database away.
            Err(SourceError::Unreadable { .. }) if matches!(state.pool, Some(Ok(_))) => {
                state.next_look = Some(Instant::now() + LEAVE);
            }
            Err(error) => *state = State { next_look: state.next_look, texts: None, pool: Some(Err(error)) },
        }
        state.pool.clone().unwrap_or_else(|| Err(SourceError::NotSetUp(self.path(MAIN_FILE))))
    }

    /// Forgets when it looked last, after the setup wrote the files.
    pub async fn look_again(&self) {
        self.state.lock().await.next_look = None;
    }

    /// The data source as the files say it now.
    ///
    /// # Errors
    /// As `pool`.
    pub async fn read(&self) -> Result<DataSource, SourceError> {
        let (profile, text) = self.texts().await?;
        understand(&self.path(&profile_file(&profile)), &profile, &text)
    }

    /// The profile in use and its file's text.
    async fn texts(&self) -> Result<(String, String), SourceError> {
        let main = match read_file(&self.dir.join(MAIN_FILE)).await {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            other => other.map_err(|why| self.unreadable(MAIN_FILE, &why))?,
        };
        let entries = properties::parse(&main);
        let profile = properties::get(&entries, "currentProfile").map(str::trim).filter(|name| !name.is_empty());
        let profile = profile.ok_or_else(|| SourceError::NotSetUp(self.path(MAIN_FILE)))?;
        if !is_plain_name(profile) {
            let why = "a profile is letters, digits, `_`, `-` and `.`".to_owned();
            return Err(SourceError::Wrong { path: self.path(MAIN_FILE), key: "currentProfile", why });
        }
        let file = profile_file(profile);
        let text = read_file(&self.dir.join(&file)).await.map_err(|why| self.unreadable(&file, &why))?;
        Ok((profile.to_owned(), text))
    }

    fn make_pool(&self, (profile, text): &(String, String)) -> Result<Arc<Pool>, SourceError> {
        let source = understand(&self.path(&profile_file(profile)), profile, text)?;
        let pool = Pool::new(source.target, source.login, source.max_active, self.seed.clone());
        let (place, size) = (pool.place(), pool.size());
        crate::about::log(&format!("data source: profile {profile}, {place}, at most {size} connections"));
        Ok(Arc::new(pool))
    }

    fn path(&self, file: &str) -> String {
        self.dir.join(file).display().to_string()
    }

    fn unreadable(&self, file: &str, why: &io::Error) -> SourceError {
        SourceError::Unreadable { path: self.path(file), why: why.to_string() }
    }
}

/// Letters, digits, `_`, `-` and `.`, not beginning with a dot: safe as a part of a file's name.
pub fn is_plain_name(name: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !name.is_empty() && name.len() <= 100 && !name.starts_with('.') && name.chars().all(allowed)
}

async fn read_file(path: &Path) -> io::Result<String> {
    let bytes = timeout(READ_LIMIT, tokio::fs::read(path)).await.map_err(io::Error::from)??;
    // Java's format is Latin-1; what is valid UTF-8 is taken as that.
    Ok(String::from_utf8(bytes)
        .unwrap_or_else(|error| error.into_bytes().iter().map(|byte| char::from(*byte)).collect()))
}

fn understand(path: &str, profile: &str, text: &str) -> Result<DataSource, SourceError> {
    let entries = properties::parse(text);
    let wrong = |key, why: String| SourceError::Wrong { path: path.to_owned(), key, why };
    let need = |key: &'static str| {
        properties::get(&entries, key).filter(|v| !v.is_empty()).ok_or_else(|| wrong(key, "is missing".to_owned()))
    };
    let target = jdbc::parse(need("workflowUrl")?).map_err(|why: UrlError| wrong("workflowUrl", why.to_string()))?;
    let password = Secret::new(properties::get(&entries, "workflowPassword").unwrap_or_default());
    let login = Login { user: need("workflowUser")?.to_owned(), password };
    let max_active = match properties::get(&entries, "maxActive").or_else(|| properties::get(&entries, "maxTotal")) {
        None => DEFAULT_MAX_ACTIVE,
        Some(text) => text.trim().parse().map_err(|_| wrong("maxActive", format!("`{text}` is not a number")))?,
    };
    Ok(DataSource { profile: profile.to_owned(), target, login, max_active })
}

#[cfg(test)]
mod tests {
    use super::{Source, SourceError, is_plain_name};
    use std::fs;

    const PROFILE: &str = "workflowDriver=org.mariadb.jdbc.Driver\nworkflowUrl=jdbc\\:mariadb\\://db1\\:3306/jwdb\n\
                           workflowUser=joget\nworkflowPassword=p\\=w\nprofileName=default\nmaxActive=40\n";

    fn dir_with(main: &str, profile: &str) -> (tempfile::TempDir, Source) {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("app_datasource.properties"), main).unwrap();
        fs::write(dir.path().join("app_datasource-default.properties"), profile).unwrap();
        let source = Source::new(dir.path().to_owned(), None);
        (dir, source)
    }

    #[tokio::test]
    async fn the_two_files_give_the_data_source() {
        let (_dir, source) = dir_with("currentProfile=default\n", PROFILE);
        let read = source.read().await.unwrap();
        assert_eq!((read.profile.as_str(), read.login.user.as_str(), read.max_active), ("default", "joget", 40));
        assert_eq!(read.login.password.reveal(), "p=w");
        assert!(!format!("{read:?}").contains("p=w"));
        assert_eq!(source.pool().await.unwrap_or_else(|e| panic!("{e}")).size(), 10);
    }

    #[tokio::test]
    async fn no_current_profile_means_not_set_up() {
        let (_dir, source) = dir_with("# nothing yet\n", PROFILE);
        assert!(matches!(source.read().await, Err(SourceError::NotSetUp(_))));
        let empty = Source::new(tempfile::tempdir().unwrap().path().to_owned(), None);
        assert!(matches!(empty.read().await, Err(SourceError::NotSetUp(_))));
    }

    #[tokio::test]
    async fn changed_files_give_another_pool_and_unchanged_ones_the_same() {
        let (dir, source) = dir_with("currentProfile=default\n", PROFILE);
        let first = source.pool().await.unwrap_or_else(|e| panic!("{e}"));
        source.look_again().await;
        assert!(std::sync::Arc::ptr_eq(&first, &source.pool().await.unwrap_or_else(|e| panic!("{e}"))));
        fs::write(dir.path().join("app_datasource-default.properties"), PROFILE.replace("db1", "db2")).unwrap();
        source.look_again().await;
        assert_eq!(source.pool().await.unwrap_or_else(|e| panic!("{e}")).place(), "db2:3306/jwdb");
    }

    #[tokio::test]
    async fn a_wrong_file_is_named_with_its_key() {
        let (_dir, source) = dir_with("currentProfile=default\n", "workflowUser=x\n");
        let text = source.read().await.unwrap_err().to_string();
        assert!(text.contains("app_datasource-default.properties: workflowUrl: is missing"), "{text}");
        let (_dir, source) = dir_with("currentProfile=../x\n", "");
        assert!(matches!(source.read().await, Err(SourceError::Wrong { key: "currentProfile", .. })));
    }

    #[test]
    fn names_that_leave_the_directory_are_not_plain() {
        assert!(is_plain_name("jwdb-1.x_y"));
        for name in ["", ".", "..", "../a", "a/b", ".hidden", "a b", "ä"] {
            assert!(!is_plain_name(name), "{name}");
        }
    }
}
