//! JDBC URLs of MariaDB, MySQL and PostgreSQL, read into where to connect and how far to trust the other side.
//!
//! It must not connect, nor read files.

use thiserror::Error;

/// Which protocol the database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// MariaDB or MySQL.
    MySql,
    /// PostgreSQL.
    Postgres,
}

/// How much TLS the URL asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tls {
    /// Plain text.
    Off,
    /// TLS when the server offers it; any certificate.
    Prefer,
    /// TLS or nothing; any certificate.
    Trust,
    /// TLS, and the chain must end in the CA; the name may differ.
    VerifyCa,
    /// TLS, the chain and the name must be right.
    VerifyFull,
}

/// Where a JDBC URL points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Which protocol.
    pub kind: Kind,
    /// Hosts and ports in the order to try; never empty.
    pub hosts: Vec<(String, u16)>,
    /// The database's name, if the URL has one.
    pub database: Option<String>,
    /// How much TLS.
    pub tls: Tls,
    /// The file with the CA in PEM, if the URL names one.
    pub ca_file: Option<String>,
}

/// Why a URL is not understood. The URL is not repeated: it may hold a password.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum UrlError {
    /// Not one of ours.
    #[error("the URL must begin with jdbc:mariadb://, jdbc:mysql:// or jdbc:postgresql://")]
    Scheme,
    /// No host where one is needed.
    #[error("the URL names no host; write jdbc:mariadb://HOST:3306/DATABASE")]
    NoHost,
    /// A port that is no number.
    #[error("`{0}` is not a port; write HOST:3306")]
    Port(String),
    /// Something a real driver knows and the stand-in does not.
    #[error("the stand-in does not know {0}; write a plain URL")]
    Unsupported(String),
    /// TLS that cannot be verified.
    #[error("the URL asks to verify the server but names no CA; add {0}=/path/to/ca.pem")]
    NoCa(&'static str),
}

/// Reads a JDBC URL.
///
/// # Errors
/// `UrlError` says which part is not understood and what to write instead.
pub fn parse(url: &str) -> Result<Target, UrlError> {
    let (kind, is_mariadb, rest) = scheme(url.trim())?;
    let (place, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, database) = place.split_once('/').unwrap_or((place, ""));
    let default_port = if kind == Kind::MySql { 3306 } else { 5432 };
    let hosts = authority.split(',').map(|host| host_and_port(host, default_port)).collect::<Result<Vec<_>, _>>()?;
    let params = Params::read(query);
    let tls = match kind {
        Kind::MySql => mysql_tls(&params, is_mariadb)?,
        Kind::Postgres => postgres_tls(&params)?,
    };
    let ca_file = ca_file(&params, kind, tls)?;
    let database = Some(decode(database)).filter(|name| !name.is_empty());
    Ok(Target { kind, hosts, database, tls, ca_file })
}

/// Puts a database's name into a URL that has none; leaves any other URL as it is.
pub fn with_database(url: &str, name: &str) -> String {
    let (place, query) = url.split_once('?').map_or((url, None), |(place, query)| (place, Some(query)));
    let start = place.find("//").map_or(0, |at| at + 2);
    let place = match place[start..].split_once('/') {
        None => format!("{place}/{name}"),
        Some((_, "")) => format!("{place}{name}"),
        Some(_) => place.to_owned(),
    };
    query.map_or_else(|| place.clone(), |query| format!("{place}?{query}"))
}

fn scheme(url: &str) -> Result<(Kind, bool, &str), UrlError> {
    for prefix in ["jdbc:mariadb://", "jdbc:mariadb:sequential://", "jdbc:mariadb:replication://"] {
        if let Some(rest) = url.strip_prefix(prefix) {
            return Ok((Kind::MySql, true, rest));
        }
    }
    if let Some(rest) = url.strip_prefix("jdbc:mysql://") {
        return Ok((Kind::MySql, false, rest));
    }
    url.strip_prefix("jdbc:postgresql://").map(|rest| (Kind::Postgres, false, rest)).ok_or(UrlError::Scheme)
}

fn host_and_port(text: &str, default_port: u16) -> Result<(String, u16), UrlError> {
    if text.contains(['(', '@']) {
        return Err(UrlError::Unsupported("hosts written as address=(...) or with a user".to_owned()));
    }
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, rest)) => (address, rest.strip_prefix(':')),
        None => text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    if host.is_empty() {
        return Err(UrlError::NoHost);
    }
    let port = port.map_or(Ok(default_port), |port| port.parse().map_err(|_| UrlError::Port(port.to_owned())))?;
    Ok((host.to_owned(), port))
}

/// The part after `?`; drivers take names in any case.
struct Params(Vec<(String, String)>);

impl Params {
    fn read(query: &str) -> Self {
        let pairs = query.split(['&', ';']).filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
                .map(|(k, v)| (k.to_lowercase(), decode(v)))
                .collect(),
        )
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().rev().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    fn is(&self, name: &str, wanted: &str) -> bool {
        self.get(name).is_some_and(|value| value.eq_ignore_ascii_case(wanted))
    }
}

fn mysql_tls(params: &Params, is_mariadb: bool) -> Result<Tls, UrlError> {
    if let Some(mode) = params.get("sslmode") {
        return named_mode(mode);
    }
    if params.is("trustservercertificate", "true") {
        return Ok(Tls::Trust);
    }
    match (params.is("usessl", "true"), params.is("usessl", "false")) {
        (true, _) if params.is("verifyservercertificate", "false") => Ok(Tls::Trust),
        (true, _) if params.is("verifyservercertificate", "true") => Ok(Tls::VerifyCa),
        (true, _) if is_mariadb || params.get("serversslcert").is_some() => Ok(Tls::VerifyFull),
        (true, _) => Ok(Tls::Trust),
        // Connector/J prefers TLS when nothing is said, MariaDB's driver does not.
        (false, false) if !is_mariadb => Ok(Tls::Prefer),
        (false, _) => Ok(Tls::Off),
    }
}

fn postgres_tls(params: &Params) -> Result<Tls, UrlError> {
    if params.get("sslfactory").is_some_and(|class| class.ends_with("NonValidatingFactory")) {
        return Ok(Tls::Trust);
    }
    match params.get("sslmode") {
        Some(mode) => named_mode(mode),
        None if params.get("ssl").is_some_and(|value| value.is_empty() || value == "true") => Ok(Tls::VerifyFull),
        None => Ok(Tls::Prefer),
    }
}

fn named_mode(mode: &str) -> Result<Tls, UrlError> {
    match mode.to_lowercase().replace('_', "-").as_str() {
        "disable" | "disabled" => Ok(Tls::Off),
        "allow" | "prefer" | "preferred" => Ok(Tls::Prefer),
        "trust" | "require" | "required" => Ok(Tls::Trust),
        "verify-ca" => Ok(Tls::VerifyCa),
        "verify-full" | "verify-identity" => Ok(Tls::VerifyFull),
        other => Err(UrlError::Unsupported(format!("sslMode={other}"))),
    }
}

fn ca_file(params: &Params, kind: Kind, tls: Tls) -> Result<Option<String>, UrlError> {
    let name = if kind == Kind::MySql { "serverSslCert" } else { "sslrootcert" };
    let file = params.get(&name.to_lowercase()).map(|path| path.strip_prefix("file:").unwrap_or(path).to_owned());
    match tls {
        Tls::VerifyCa | Tls::VerifyFull if file.is_none() => Err(UrlError::NoCa(name)),
        Tls::VerifyCa | Tls::VerifyFull => Ok(file),
        Tls::Off | Tls::Prefer | Tls::Trust => Ok(None),
    }
}

/// Undoes `%41` escapes; a malformed one stays as it is.
fn decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = bytes.get(at + 1..at + 3).filter(|_| bytes[at] == b'%').and_then(|pair| hex::decode(pair).ok());
        at += if escaped.is_some() { 3 } else { 1 };
        match escaped {
            Some(byte) => out.extend(byte),
            None => out.push(bytes[at - 1]),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::{Kind, Tls, UrlError, parse, with_database};

    fn tls(url: &str) -> Tls {
        parse(url).unwrap().tls
    }

    #[test]
    fn a_plain_mariadb_url_has_host_port_and_database_and_no_tls() {
        let target = parse("jdbc:mariadb://db1:3307/jwdb?characterEncoding=UTF-8").unwrap();
        assert_eq!(target.kind, Kind::MySql);
        assert_eq!(target.hosts, vec![("db1".to_owned(), 3307)]);
        assert_eq!(target.database.as_deref(), Some("jwdb"));
        assert_eq!(target.tls, Tls::Off);
    }

    #[test]
    fn ports_default_per_kind_and_the_database_may_be_missing() {
        assert_eq!(parse("jdbc:mysql://h").unwrap().hosts[0].1, 3306);
        let postgres = parse("jdbc:postgresql://h/?sslmode=disable").unwrap();
        assert_eq!((postgres.hosts[0].1, postgres.database), (5432, None));
    }

    #[test]
    fn several_hosts_and_ipv6_are_read_in_order() {
        let target = parse("jdbc:postgresql://db1,db2:6432,[fd00::1]:7000/jwdb?targetServerType=primary").unwrap();
        let expected = [("db1", 5432), ("db2", 6432), ("fd00::1", 7000)].map(|(h, p)| (h.to_owned(), p));
        assert_eq!(target.hosts, expected);
        assert_eq!(parse("jdbc:mariadb:sequential://a,b/x").unwrap().hosts.len(), 2);
    }

    #[test]
    fn every_way_to_ask_mysql_for_tls_is_understood() {
        assert_eq!(tls("jdbc:mysql://h/x"), Tls::Prefer);
        assert_eq!(tls("jdbc:mysql://h/x?useSSL=false"), Tls::Off);
        assert_eq!(tls("jdbc:mysql://h/x?sslMode=REQUIRED"), Tls::Trust);
        assert_eq!(tls("jdbc:mariadb://h/x?useSSL=true&trustServerCertificate=true"), Tls::Trust);
        assert_eq!(tls("jdbc:mariadb://h/x?sslMode=trust"), Tls::Trust);
        assert_eq!(tls("jdbc:mariadb://h/x?sslMode=verify-ca&serverSslCert=/ca.pem"), Tls::VerifyCa);
        assert_eq!(tls("jdbc:mysql://h/x?sslMode=VERIFY_IDENTITY&serverSslCert=/ca.pem"), Tls::VerifyFull);
        assert_eq!(tls("jdbc:mariadb://h/x?useSsl=true&serverSslCert=/ca.pem"), Tls::VerifyFull);
    }

    #[test]
    fn every_way_to_ask_postgresql_for_tls_is_understood() {
        assert_eq!(tls("jdbc:postgresql://h/x"), Tls::Prefer);
        assert_eq!(tls("jdbc:postgresql://h/x?sslmode=require"), Tls::Trust);
        assert_eq!(
            tls("jdbc:postgresql://h/x?ssl=true&sslfactory=org.postgresql.ssl.NonValidatingFactory"),
            Tls::Trust
        );
        let target = parse("jdbc:postgresql://h/x?sslmode=verify-ca&sslrootcert=/etc/a%20b.pem").unwrap();
        assert_eq!((target.tls, target.ca_file.as_deref()), (Tls::VerifyCa, Some("/etc/a b.pem")));
    }

    #[test]
    fn verifying_without_a_ca_is_refused_with_the_parameter_to_add() {
        assert_eq!(parse("jdbc:postgresql://h/x?ssl=true"), Err(UrlError::NoCa("sslrootcert")));
        assert_eq!(parse("jdbc:mariadb://h/x?sslMode=verify-full"), Err(UrlError::NoCa("serverSslCert")));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        assert_eq!(parse("jdbc:oracle:thin:@h"), Err(UrlError::Scheme));
        assert_eq!(parse("jdbc:mysql:///x"), Err(UrlError::NoHost));
        assert_eq!(parse("jdbc:mysql://h:x/y"), Err(UrlError::Port("x".to_owned())));
        assert!(matches!(parse("jdbc:mysql://h/x?sslMode=odd"), Err(UrlError::Unsupported(_))));
        assert!(matches!(parse("jdbc:mysql://address=(host=h)/x"), Err(UrlError::Unsupported(_))));
    }

    #[test]
    fn a_database_is_put_into_a_url_that_has_none() {
        assert_eq!(with_database("jdbc:mysql://h:1/?a=b", "jwdb"), "jdbc:mysql://h:1/jwdb?a=b");
        assert_eq!(with_database("jdbc:mysql://h:1?a=b", "jwdb"), "jdbc:mysql://h:1/jwdb?a=b");
        assert_eq!(with_database("jdbc:mysql://h:1/other", "jwdb"), "jdbc:mysql://h:1/other");
    }
}
