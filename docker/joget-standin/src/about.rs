//! What this program says about itself: everywhere, that it is a stand-in.
//!
//! It must not do anything but say so.

/// The short name that goes into tables.
pub const NAME: &str = "joget-standin (a stand-in, not Joget)";

/// The `Server` header.
pub const SERVER: &str = concat!("joget-standin/", env!("CARGO_PKG_VERSION"), " (a stand-in, not Joget)");

/// The sentence on every page.
pub const NOTICE: &str = "This is a stand-in for Joget in a test lab. It is not Joget: it keeps Joget's outside \
                          contract and really uses the database and the shared volume.";

/// `--version`.
pub const VERSION: &str = concat!("joget-standin ", env!("CARGO_PKG_VERSION"), " (a stand-in for Joget, not Joget)");

/// `--help`.
pub const HELP: &str = "\
joget-standin: a stand-in for Joget in a test lab. It is not Joget.

usage: joget-standin [COMMAND]
  (none)     serve on port 8080 under /jw
  schema     make the tables in the configured database unless they are there, and end
  --version  --help

environment
  WFLOW_HOME            the shared directory                      /opt/joget/wflow
  JOGET_DATASOURCE_DIR  where app_datasource*.properties are      WFLOW_HOME
  JOGET_ADMIN_PASSWORD  password of the first user, admin         admin
  JOGET_SETUP=auto      make the tables when they are missing     (off)
  STANDIN_LISTEN        address and port to listen on             0.0.0.0:8080
  POD_NAME, HOSTNAME    the name written into rows
";

/// Writes one line to the log; every line begins with what this is.
pub fn log(line: &str) {
    eprintln!("joget-standin (not Joget): {line}");
}
