//! JDBC names of a data source: driver, URL, and what Joget's setup calls the kind of database. Pure.

use ha_domain::spec::DatabaseKind;
use ha_domain::step::DataSource;

/// Class name of the driver that Joget brings.
pub(super) fn driver(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::MariaDb => "org.mariadb.jdbc.Driver",
        DatabaseKind::PostgreSql => "org.postgresql.Driver",
    }
}

/// `dbType` of the setup.
pub(super) fn setup_kind(kind: DatabaseKind) -> &'static str {
    match kind {
        DatabaseKind::MariaDb => "mysql",
        DatabaseKind::PostgreSql => "postgresql",
    }
}

/// The URL of the database; the operator's parameters come last and win.
pub(super) fn url(source: &DataSource) -> String {
    let (scheme, own): (_, &[(&str, &str)]) = match (source.kind, source.tls) {
        // Names that the driver's versions 2 and 3 both know.
        (DatabaseKind::MariaDb, true) => ("mariadb", &[("useSSL", "true"), ("trustServerCertificate", "true")]),
        (DatabaseKind::MariaDb, false) => ("mariadb", &[("useSSL", "false")]),
        (DatabaseKind::PostgreSql, true) => ("postgresql", &[("sslmode", "require")]),
        (DatabaseKind::PostgreSql, false) => ("postgresql", &[("sslmode", "disable")]),
    };
    let theirs = source.parameters.iter().map(|(k, v)| (k.as_str(), v.as_str()));
    let mut parameters: Vec<(&str, &str)> =
        own.iter().copied().filter(|(k, _)| !source.parameters.contains_key(*k)).collect();
    parameters.extend(theirs);
    let parameters: Vec<String> = parameters.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let host = if source.host.contains(':') { format!("[{}]", source.host) } else { source.host.clone() };
    format!("jdbc:{scheme}://{host}:{}/{}?{}", source.port, source.name, parameters.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn source(kind: DatabaseKind, tls: bool) -> DataSource {
        let text = |s: &str| s.to_owned();
        let (name, user, profile) = (text("jwdb"), text("joget"), text("default"));
        DataSource {
            kind,
            host: text("10.0.0.41"),
            port: kind.port(),
            name,
            user,
            tls,
            pool: 50,
            profile,
            parameters: BTreeMap::new(),
        }
    }

    #[test]
    fn urls_are_what_the_drivers_know() {
        let mariadb = url(&source(DatabaseKind::MariaDb, true));
        assert_eq!(mariadb, "jdbc:mariadb://10.0.0.41:3306/jwdb?useSSL=true&trustServerCertificate=true");
        assert_eq!(
            url(&source(DatabaseKind::PostgreSql, false)),
            "jdbc:postgresql://10.0.0.41:5432/jwdb?sslmode=disable"
        );
    }

    #[test]
    fn the_operators_parameters_win() {
        let mut source = source(DatabaseKind::PostgreSql, true);
        source.parameters.insert("sslmode".to_owned(), "verify-full".to_owned());
        assert!(url(&source).ends_with("?sslmode=verify-full"));
    }
}
