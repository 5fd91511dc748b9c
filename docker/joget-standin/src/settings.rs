//! The environment, read once at the start.
//!
//! It must not know HTTP or the database.

use crate::db::schema::Seed;
use crate::secret::Secret;
use std::env;
use std::path::PathBuf;

/// What the environment says.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Joget's shared directory.
    pub wflow_home: PathBuf,
    /// Where the data source's files are; a mounted Secret, or `wflow_home`.
    pub datasource_dir: PathBuf,
    /// Address and port to listen on.
    pub listen: String,
    /// The name written into rows.
    pub pod: String,
    /// The first user.
    pub seed: Seed,
    /// Whether to make the schema when it is missing.
    pub makes_schema: bool,
}

impl Settings {
    /// Reads the environment; everything has a default.
    pub fn from_env() -> Self {
        let text = |name: &str| env::var(name).ok().filter(|value| !value.is_empty());
        let wflow_home = PathBuf::from(text("WFLOW_HOME").unwrap_or_else(|| "/opt/joget/wflow".to_owned()));
        let admin_password = Secret::new(text("JOGET_ADMIN_PASSWORD").unwrap_or_else(|| "admin".to_owned()));
        Self {
            datasource_dir: text("JOGET_DATASOURCE_DIR").map_or_else(|| wflow_home.clone(), PathBuf::from),
            wflow_home,
            listen: text("STANDIN_LISTEN").unwrap_or_else(|| "0.0.0.0:8080".to_owned()),
            pod: text("POD_NAME").or_else(|| text("HOSTNAME")).unwrap_or_else(|| "unnamed".to_owned()),
            seed: Seed { admin_password },
            makes_schema: text("JOGET_SETUP").as_deref() == Some("auto"),
        }
    }
}
