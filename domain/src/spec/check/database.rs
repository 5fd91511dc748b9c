//! The database: names it can have, and room for Joget's connections.

use crate::spec::problem::Problem;
use crate::spec::{Database, ReplicationMode, Role, Spec};

/// Connections set aside for administration, backups and monitoring.
const ADMINISTRATION: u64 = 10;
/// Share of `maxConnections` that may be planned for, in percent.
const PLANNED: u64 = 80;
/// Names the servers have given away.
const RESERVED: [&str; 8] =
    ["mysql", "sys", "information_schema", "performance_schema", "postgres", "template0", "template1", "root"];

pub(super) fn check(spec: &Spec) -> Vec<Problem> {
    let db = &spec.database;
    let mut problems = names(db);
    problems.extend(settings(db));
    problems.extend(pool(spec));
    problems.extend(backups(spec));
    if db.replication.mode == ReplicationMode::Sync && spec.databases().len() < 2 {
        let message = "sync has no effect with one database machine";
        problems.push(
            Problem::warning("database.replication.mode", message).help("add a second machine with the role database"),
        );
    }
    problems
}

fn names(db: &Database) -> Vec<Problem> {
    let named = [("database.name", &db.name), ("database.user", &db.user)];
    named.into_iter().filter_map(|(path, name)| identifier(path, name)).collect()
}

/// A name both servers take without quotes.
pub(super) fn identifier(path: &str, name: &str) -> Option<Problem> {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    let fits = (1..=32).contains(&name.len()) && plain && !name.starts_with(|c: char| c.is_ascii_digit());
    if !fits {
        let help = "1 to 32 of a-z, 0-9 and '_', not beginning with a digit";
        return Some(Problem::error(path, format!("{name:?} cannot be used as a name")).help(help));
    }
    RESERVED.contains(&name).then(|| Problem::error(path, format!("{name} belongs to the server itself")))
}

fn settings(db: &Database) -> Vec<Problem> {
    let word = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b));
    let line = |t: &str| t.len() <= 256 && !t.chars().any(char::is_control);
    let bad = db.settings.iter().filter(|(key, value)| !word(key) || !line(value));
    let problem = |(key, _): (&String, _)| {
        Problem::error(format!("database.settings.{key}"), "name or value would break the server's configuration file")
            .help("a name of letters, digits and . _ -, a value on one line")
    };
    bad.map(problem).collect()
}

fn pool(spec: &Spec) -> Option<Problem> {
    let (replicas, each) = (u64::from(spec.joget.replicas), u64::from(spec.joget.pool.max_active));
    let most = u64::from(spec.database.max_connections);
    let needed = replicas * each + ADMINISTRATION;
    if needed * 100 <= most * PLANNED {
        return None;
    }
    let message = format!(
        "{replicas} x {each} connections and {ADMINISTRATION} for administration are {needed}, more than {PLANNED} % of database.maxConnections ({most})"
    );
    let room = (most * PLANNED / 100).saturating_sub(ADMINISTRATION) / replicas.max(1);
    let enough = (needed * 100).div_ceil(PLANNED);
    let help = format!("set joget.pool.maxActive to at most {room}, or database.maxConnections to at least {enough}");
    Some(Problem::error("joget.pool.maxActive", message).help(help))
}

fn backups(spec: &Spec) -> Vec<Problem> {
    let b = &spec.database.backups;
    let others = spec.machines.iter().filter(|m| !matches!(m.role, Role::Database | Role::LoadBalancer)).count();
    let mut problems = Vec::new();
    if b.keep == 0 {
        problems.push(Problem::error("database.backups.keep", "0 keeps no backup").help("1 or more; 7 is usual"));
    }
    if b.copies == 0 {
        let message = "0 leaves the only backup on the machine it is a backup of";
        problems.push(Problem::error("database.backups.copies", message).help("1 or more; 2 is usual"));
    }
    if usize::try_from(b.copies).unwrap_or(usize::MAX) > others {
        let message = format!("{} copies need as many other machines, there are {others}", b.copies);
        problems.push(Problem::error("database.backups.copies", message).help("load balancers do not keep backups"));
    }
    problems
}
