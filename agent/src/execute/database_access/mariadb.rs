//! MariaDB: one account an address or network that may connect.
//!
//! Knows nothing of the server's settings.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::Wanted;
use crate::execute::database::mariadb::query;
use crate::execute::database::read_record;
use crate::execute::database::sql::{mariadb_name, mariadb_string};
use crate::execute::{ActError, Context, address};

/// The host parts of the accounts: `10.0.0.5`, or a network as MariaDB writes it, `10.244.0.0/255.255.0.0`.
fn hosts(allow: &[String]) -> Result<BTreeSet<String>, ActError> {
    let host = |text: &String| match address::network(text) {
        Some((IpAddr::V4(address), 32)) => Ok(address.to_string()),
        Some((IpAddr::V4(address), prefix)) => {
            let mask = address::netmask(prefix);
            Ok(format!("{}/{mask}", std::net::Ipv4Addr::from_bits(address.to_bits() & mask.to_bits())))
        }
        Some((IpAddr::V6(address), 128)) => Ok(address.to_string()),
        Some((IpAddr::V6(_), _)) => {
            Err(ActError::Refused(format!("{text}: MariaDB's accounts know no IPv6 networks; list the addresses")))
        }
        None => Err(ActError::Refused(format!("{text:?} is neither an address nor a network"))),
    };
    allow.iter().map(host).collect()
}

/// Host and kind of encryption of each account of the user, and how many of them have this password.
pub(super) async fn trouble(w: &Wanted<'_>, cx: &Context<'_>) -> Result<Option<String>, ActError> {
    let hosts = hosts(&read_record(cx).await?.allow)?;
    let (user, name) = (mariadb_string(w.user), mariadb_string(w.name));
    let fits =
        w.password.map_or("1".to_owned(), |p| format!("authentication_string = PASSWORD({})", mariadb_string(p)));
    let rows = query(
        cx,
        &format!(
            "SELECT 'schema', default_collation_name FROM information_schema.schemata WHERE schema_name = {name};
             SELECT 'account', Host, ssl_type, {fits} FROM mysql.user WHERE User = {user} AND Host <> 'localhost';
             SELECT 'grant', Host FROM mysql.db WHERE User = {user} AND Db = {};",
            mariadb_string(&pattern(w.name))
        ),
    )
    .await?;
    Ok(judge(w, &hosts, &rows))
}

fn judge(w: &Wanted<'_>, hosts: &BTreeSet<String>, rows: &str) -> Option<String> {
    let rows: Vec<Vec<&str>> = rows.lines().map(|l| l.split('\t').collect()).collect();
    let column = |kind: &str| rows.iter().filter(|r| r[0] == kind).filter_map(|r| r.get(1)).collect::<BTreeSet<_>>();
    let same = |found: &BTreeSet<&&str>| found.len() == hosts.len() && found.iter().all(|h| hosts.contains(**h));
    let ssl = if w.tls { "ANY" } else { "" };
    let odd = rows.iter().find(|r| r[0] == "account" && (r.get(2) != Some(&ssl) || r.get(3) != Some(&"1")));
    if column("schema").is_empty() {
        Some(format!("there is no schema {}", w.name))
    } else if !column("schema").contains(&"utf8mb4_unicode_ci") {
        Some(format!("the schema {} is not utf8mb4_unicode_ci", w.name))
    } else if !same(&column("account")) {
        Some(format!("the accounts of {} are not those of the machines that may connect", w.user))
    } else if odd.is_some() {
        Some(format!("an account of {} has another password or another need of TLS", w.user))
    } else {
        (!same(&column("grant"))).then(|| format!("{} lacks rights on {}", w.user, w.name))
    }
}

/// A schema in a grant is a pattern: `_` stands for any character there.
fn pattern(name: &str) -> String {
    name.replace('_', "\\_")
}

pub(super) async fn grant(w: &Wanted<'_>, password: &str, cx: &Context<'_>) -> Result<(), ActError> {
    let hosts = hosts(&read_record(cx).await?.allow)?;
    let others = query(cx, &format!("SELECT Host FROM mysql.user WHERE User = {};", mariadb_string(w.user))).await?;
    let others: Vec<&str> = others.lines().filter(|h| *h != "localhost" && !hosts.contains(*h)).collect();
    query(cx, &statements(w, password, &hosts, &others)).await?;
    Ok(())
}

fn statements(w: &Wanted<'_>, password: &str, hosts: &BTreeSet<String>, others: &[&str]) -> String {
    let (schema, granted) = (mariadb_name(w.name), mariadb_name(&pattern(w.name)));
    let (password, require) = (mariadb_string(password), if w.tls { "SSL" } else { "NONE" });
    let account = |host: &str| format!("{}@{}", mariadb_string(w.user), mariadb_string(host));
    let mut sql = format!(
        "CREATE DATABASE IF NOT EXISTS {schema};\n\
         ALTER DATABASE {schema} CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci;\n"
    );
    for host in hosts {
        let account = account(host);
        sql.push_str(&format!(
            "CREATE USER IF NOT EXISTS {account} IDENTIFIED BY {password} REQUIRE {require};\n\
             ALTER USER {account} IDENTIFIED BY {password} REQUIRE {require};\n\
             GRANT ALL PRIVILEGES ON {granted}.* TO {account};\n"
        ));
    }
    others.iter().for_each(|host| sql.push_str(&format!("DROP USER IF EXISTS {};\n", account(host))));
    sql
}

#[cfg(test)]
mod tests {
    use super::*;

    const WANTED: Wanted<'_> = Wanted { name: "jw_db", user: "joget", tls: true, password: None };

    fn two() -> BTreeSet<String> {
        hosts(&["10.0.0.31".to_owned(), "10.244.3.0/16".to_owned()]).unwrap()
    }

    #[test]
    fn networks_are_written_with_a_mask_and_without_host_bits() {
        assert_eq!(Vec::from_iter(two()), ["10.0.0.31", "10.244.0.0/255.255.0.0"]);
        assert!(hosts(&["fd00::/64".to_owned()]).is_err());
    }

    #[test]
    fn the_statements_quote_the_password_and_escape_the_schema_pattern() {
        let sql = statements(&WANTED, r"it's\", &two(), &["%"]);
        assert!(sql.contains(r"IDENTIFIED BY 'it''s\\' REQUIRE SSL"), "{sql}");
        assert!(sql.contains(r"GRANT ALL PRIVILEGES ON `jw\_db`.* TO 'joget'@'10.244.0.0/255.255.0.0';"), "{sql}");
        assert!(sql.ends_with("DROP USER IF EXISTS 'joget'@'%';\n"), "{sql}");
    }

    #[test]
    fn each_thing_that_differs_is_told() {
        let schema = "schema\tutf8mb4_unicode_ci\n";
        let accounts = "account\t10.0.0.31\tANY\t1\naccount\t10.244.0.0/255.255.0.0\tANY\t1\n";
        let grants = "grant\t10.0.0.31\ngrant\t10.244.0.0/255.255.0.0\n";
        let judged = |rows: String| judge(&WANTED, &two(), &rows);
        assert_eq!(judged([schema, accounts, grants].concat()), None);
        let differs = |rows: String, word: &str| assert!(judged(rows).unwrap().contains(word));
        differs(String::new(), "no schema");
        differs([accounts, grants, "schema\tlatin1_swedish_ci\n"].concat(), "utf8mb4");
        differs([schema, grants].concat(), "accounts");
        differs([schema, accounts, grants, "account\t%\tANY\t1\n"].concat(), "accounts");
        differs([schema, &accounts.replacen("ANY", "", 1), grants].concat(), "TLS");
        differs([schema, &accounts.replacen("ANY\t1", "ANY\t0", 1), grants].concat(), "password");
        differs([schema, accounts].concat(), "rights");
    }
}
