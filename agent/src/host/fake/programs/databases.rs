//! The clients of the database servers: the statements that actions send, no more.

use std::path::Path;

use super::super::database::{Account, Schema, Server};
use super::super::files::{Content, Node};
use super::super::state::State;
use super::super::world::Site;
use super::failed;
use crate::host::Output;

pub(super) fn run(site: &mut Site, machine: &str, name: &str, args: &[&str], input: &str) -> Output {
    let Some(state) = site.machines.get_mut(machine) else { return failed(1, "the machine is off") };
    let Some(unit) = state.database.as_ref().map(|s| s.unit) else { return failed(1, "there is no server") };
    if !state.is_active(unit) {
        return failed(1, "ERROR 2002 (HY000): Can't connect to local server through socket");
    }
    let last = args.last().copied().unwrap_or_default();
    let after = |option: &str| args.iter().position(|a| *a == option).and_then(|at| args.get(at + 1)).copied();
    let told = |option: &str| args.iter().find_map(|a| a.strip_prefix(option));
    match name {
        "mariadb-dump" => dump(state, last, told("--result-file=").unwrap_or_default()),
        "pg_dump" => dump(state, last, after("--file").unwrap_or_default()),
        "pg_restore" => restore(state, after("--dbname").unwrap_or_default(), last),
        "mariadb" if told("--execute=source ").is_some() => {
            restore(state, last, told("--execute=source ").unwrap_or_default())
        }
        "mariadb" | "psql" => {
            let query = after("--execute").or(after("--command"));
            let schema = if query.is_some() { last } else { after("-d").unwrap_or_default() };
            all(state, query.unwrap_or(input), schema, if name == "psql" { '|' } else { '\t' })
        }
        other => failed(2, &format!("the simulated machine does not know {other}")),
    }
}

fn dump(state: &mut State, schema: &str, file: &str) -> Output {
    let content = state.database.as_ref().and_then(|s| s.schemas.get(schema)).map(serde_json::to_vec);
    let Some(Ok(content)) = content else { return failed(2, &format!("Unknown database '{schema}'")) };
    match state.files.put(Path::new(file), Node::File(Content::new(&content, 0o600))) {
        Ok(()) => Output::default(),
        Err(e) => failed(2, &e.to_string()),
    }
}

fn restore(state: &mut State, into: &str, file: &str) -> Output {
    let dumped = state.files.text(file).and_then(|text| serde_json::from_str::<Schema>(&text).ok());
    let target = state.database.as_mut().and_then(|s| s.schemas.get_mut(into));
    match (dumped, target) {
        (Some(dumped), Some(target)) => {
            target.tables = dumped.tables;
            Output::default()
        }
        (None, _) => failed(1, &format!("{file} is no dump")),
        (_, None) => failed(1, &format!("Unknown database '{into}'")),
    }
}

/// Runs statement after statement; the first that is not understood ends it.
fn all(state: &mut State, sql: &str, schema: &str, separator: char) -> Output {
    let Some(server) = state.database.as_mut() else { return failed(1, "there is no server") };
    let mut rows = String::new();
    for statement in statements(sql) {
        match Statement::read(&statement).carry_out(server, schema) {
            Ok(found) => {
                for row in found {
                    rows.push_str(&row.join(&separator.to_string()));
                    rows.push('\n');
                }
            }
            Err(why) => return failed(1, &format!("ERROR: {why}")),
        }
    }
    super::said(rows)
}

/// Parts the text at semicolons that are outside of quotes and of `$$`.
fn statements(sql: &str) -> Vec<String> {
    let mut all = vec![String::new()];
    let (mut quote, mut body) = (None, false);
    let mut letters = sql.chars().peekable();
    while let Some(c) = letters.next() {
        if c == '$' && letters.peek() == Some(&'$') {
            body = !body;
        }
        match (quote, c) {
            (None, '\'' | '"' | '`') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
        if c == ';' && quote.is_none() && !body {
            all.push(String::new());
        } else if let Some(last) = all.last_mut() {
            last.push(c);
        }
    }
    all.into_iter().map(|s| s.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|s| !s.is_empty()).collect()
}

type Rows = Vec<Vec<String>>;

/// A statement, its strings, and its quoted names.
struct Statement<'a> {
    text: &'a str,
    strings: Vec<String>,
    names: Vec<String>,
}

impl<'a> Statement<'a> {
    fn read(text: &'a str) -> Self {
        Self { text, strings: quoted(text, &['\'']), names: quoted(text, &['"', '`']) }
    }

    fn string(&self, at: usize) -> String {
        self.strings.get(at).cloned().unwrap_or_default()
    }

    /// The quoted name, or the word after `words`.
    fn name(&self, words: &str) -> String {
        let plain = self.text.strip_prefix(words).and_then(|rest| rest.split_whitespace().next()).unwrap_or_default();
        self.names.first().cloned().unwrap_or_else(|| plain.to_owned())
    }

    fn carry_out(&self, server: &mut Server, schema: &str) -> Result<Rows, String> {
        let starts = |words: &str| self.text.starts_with(words);
        if starts("SELECT") {
            return self.select(server, schema);
        }
        if starts("DELETE FROM mysql.") || starts("FLUSH") || starts("REVOKE") || starts("DO $$") {
            if starts("DO $$") {
                server.accounts.entry((self.name(""), String::new())).or_default();
            }
        } else if starts("CREATE DATABASE") || starts("ALTER DATABASE") {
            self.shape_schema(server);
        } else if starts("DROP DATABASE") {
            let words = if starts("DROP DATABASE IF EXISTS ") { "DROP DATABASE IF EXISTS " } else { "DROP DATABASE " };
            server.schemas.remove(&self.name(words));
        } else if starts("CREATE USER") || starts("ALTER USER") {
            let account = server.accounts.entry((self.string(0), self.string(1))).or_default();
            (account.password, account.needs_tls) = (self.string(2), self.text.ends_with("SSL"));
        } else if starts("GRANT ALL") {
            let account = server.accounts.get_mut(&(self.string(0), self.string(1))).ok_or("there is no such user")?;
            account.grants = vec![self.name("")];
        } else if starts("DROP USER") {
            server.accounts.remove(&(self.string(0), self.string(1)));
        } else if starts("ALTER ROLE") {
            server.accounts.entry((self.name(""), String::new())).or_default().password = self.string(0);
        } else {
            return Err(format!("the simulated server does not know: {}", self.text));
        }
        Ok(Rows::new())
    }

    fn shape_schema(&self, server: &mut Server) {
        let words = ["CREATE DATABASE IF NOT EXISTS ", "CREATE DATABASE ", "ALTER DATABASE "];
        let words = words.iter().find(|w| self.text.starts_with(*w)).copied().unwrap_or_default();
        let schema = server.schemas.entry(self.name(words)).or_default();
        if let Some((_, collation)) = self.text.split_once(" COLLATE ") {
            schema.collation = collation.to_owned();
        }
        if let Some(owner) = self.names.get(1).filter(|_| self.text.contains("OWNER")) {
            schema.owner.clone_from(owner);
        }
    }

    fn select(&self, server: &Server, schema: &str) -> Result<Rows, String> {
        let has = |words: &str| self.text.contains(words);
        let last = self.strings.last().cloned().unwrap_or_default();
        let found = server.schemas.get(&last);
        let accounts = |user: &str| {
            let user = user.to_owned();
            server.accounts.iter().filter(move |((name, _), _)| *name == user)
        };
        Ok(if has("information_schema.schemata s") {
            vec![row(["0"])]
        } else if has("pg_hba_file_rules") {
            Rows::new()
        } else if has("default_collation_name") {
            found.map(|s| row(["schema", &s.collation])).into_iter().collect()
        } else if has("'account'") {
            // The user stands before 'localhost'; a password, if it is compared, before the user.
            let user = self.string(self.strings.len().saturating_sub(2));
            let password = has("PASSWORD(").then(|| self.string(1));
            accounts(&user).map(|((_, host), a)| account_row(host, a, password.as_deref())).collect()
        } else if has("'grant'") {
            let granted = accounts(&self.string(1))
                .filter(|(_, a)| a.grants.iter().any(|g| g.replace('\\', "") == last.replace('\\', "")));
            granted.map(|((_, host), _)| row(["grant", host])).collect()
        } else if has("SELECT Host FROM mysql.user") {
            accounts(&last).map(|((_, host), _)| row([host])).collect()
        } else if has("'role'") {
            accounts(&last).map(|(_, a)| row(["role", "t", &a.password])).collect()
        } else if has("'database'") {
            found.map(|s| row(["database", "UTF8", &s.owner])).into_iter().collect()
        } else if has("SELECT 1 FROM") {
            found.map(|_| row(["1"])).into_iter().collect()
        } else if has("information_schema.tables") || has("pg_tables") {
            let of = if has("pg_tables") { server.schemas.get(schema) } else { server.schemas.get(&self.string(0)) };
            of.into_iter().flat_map(|s| s.tables.keys()).map(|t| row([t])).collect()
        } else if has("SELECT COUNT(*) FROM") || has("SELECT count(*) FROM") {
            vec![row([&self.count(server, schema)?.to_string()])]
        } else {
            return Err(format!("the simulated server does not know: {}", self.text));
        })
    }

    /// Of a table by its name, or of the forms' values that are looked for.
    fn count(&self, server: &Server, schema: &str) -> Result<u64, String> {
        let (schema, table) = match &self.names[..] {
            [schema, table] => (schema.clone(), table.clone()),
            _ => (schema.to_owned(), self.text.split_whitespace().nth(3).unwrap_or_default().to_owned()),
        };
        let content = server.schemas.get(&schema).ok_or(format!("Unknown database '{schema}'"))?;
        if self.text.contains(" WHERE ") {
            return Ok(content.values.iter().filter(|v| **v == self.string(0)).count() as u64);
        }
        content.tables.get(&table).copied().ok_or(format!("Table '{schema}.{table}' doesn't exist"))
    }
}

fn account_row(host: &str, account: &Account, password: Option<&str>) -> Vec<String> {
    let fits = if password.is_none_or(|p| p == account.password) { "1" } else { "0" };
    row(["account", host, if account.needs_tls { "ANY" } else { "" }, fits])
}

fn row<const N: usize>(columns: [&str; N]) -> Vec<String> {
    columns.iter().map(|c| (*c).to_owned()).collect()
}

/// What stands between these quotes; doubled ones stand for themselves, backslashes before them in MariaDB's strings too.
fn quoted(text: &str, marks: &[char]) -> Vec<String> {
    let mut all = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(mark) = letters.next() {
        if !['\'', '"', '`'].contains(&mark) {
            continue;
        }
        let mut value = String::new();
        while let Some(c) = letters.next() {
            if c == mark && letters.next_if_eq(&mark).is_none() {
                break;
            }
            if c == '\\' && mark == '\'' {
                letters.next_if_eq(&'\\');
            }
            value.push(c);
        }
        if marks.contains(&mark) {
            all.push(value);
        }
    }
    all
}
