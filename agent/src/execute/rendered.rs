//! Files that are made from a template: rendered strictly, judged by the program they are for, put in place atomically.
//!
//! Every such file begins with a header that says whose it is. Before it replaces the one that is there, the program itself
//! has read a candidate and had nothing against it; the ledger keeps the one that was there. That a program has taken a
//! file up is remembered apart ([`mark_applied`]): a crash between "written" and "reloaded" is seen afterwards.
//!
//! Knows nothing of what the files mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ha_domain::id::Digest;
use ha_domain::step::Component;
use minijinja::syntax::SyntaxConfig;
use minijinja::{Environment, UndefinedBehavior, Value};
use serde::{Deserialize, Serialize};

use super::{ActError, Context};
use crate::host::{Command, NewFile, Output};

/// An embedded template; [`template!`](crate::execute::rendered::template) makes one.
#[derive(Debug, Clone, Copy)]
pub struct Template {
    /// File name below `templates/`.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// The template of this file name below `agent/src/execute/templates`.
macro_rules! template {
    ($name:literal) => {
        $crate::execute::rendered::Template {
            name: $name,
            text: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/execute/templates/", $name)),
        }
    };
}
pub(crate) use template;

/// The program that judges a candidate. `{}` in an argument stands for the candidate's path.
#[derive(Debug, Clone)]
pub struct Validator<'a> {
    /// Name or path of the program.
    pub program: &'a str,
    /// Its arguments.
    pub args: &'a [&'a str],
}

/// The line that every rendered file with `#` comments carries.
pub fn header(component: Component) -> String {
    format!("# Managed by ha-mesh (component {component}). Edits are put back.")
}

/// Fills in `template`; its `{{ header }}` is [`header`]. A name that `values` lacks is an error, never an empty text.
///
/// # Errors
/// The template does not fit the values: a fault of the agent, found by the golden files.
pub fn render(component: Component, template: &Template, values: impl Into<Value>) -> Result<String, ActError> {
    let fault = |e: minijinja::Error| {
        ActError::Refused(format!("render {}: {e:#}; this is a fault of the agent, please report it", template.name))
    };
    let mut syntax = SyntaxConfig::builder();
    syntax.trim_blocks(true).lstrip_blocks(true).keep_trailing_newline(true);
    let mut environment = Environment::new();
    environment.set_syntax(syntax.build().map_err(fault)?);
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
    // A text as JSON, YAML and TOML read it: quoted, whatever is in it.
    environment.add_filter("json", |text: String| serde_json::Value::from(text).to_string());
    environment.add_global("header", header(component));
    environment.render_named_str(template.name, template.text, values).map_err(fault)
}

/// Whether `path` holds exactly `content`.
pub async fn is_current(cx: &Context<'_>, path: &Path, content: &[u8]) -> Result<bool, ActError> {
    Ok(cx.host.read(path).await?.is_some_and(|there| there == content))
}

/// Puts `content` at `path` unless it is there already, after `validator` has accepted it. The ledger notes it and keeps
/// the version before. Returns whether anything changed.
///
/// # Errors
/// [`ActError::Invalid`] when the program refuses the candidate; what was in place stays.
pub async fn put_validated(
    cx: &Context<'_>,
    path: &Path,
    content: &[u8],
    mode: u32,
    validator: Option<Validator<'_>>,
) -> Result<bool, ActError> {
    if let Some(validator) = validator
        && !is_current(cx, path, content).await?
    {
        validate(cx, path, content, &validator).await?;
    }
    Ok(cx.ledger.put(cx.host, NewFile { path, content, mode }).await?)
}

async fn validate(cx: &Context<'_>, path: &Path, content: &[u8], validator: &Validator<'_>) -> Result<(), ActError> {
    let output = try_candidate(cx, path, content, validator).await?;
    if output.ok() { Ok(()) } else { Err(invalid(validator, &output)) }
}

/// The error for a candidate that its program refused.
pub fn invalid(validator: &Validator<'_>, output: &Output) -> ActError {
    let text = output.text();
    let said = if output.stderr.trim().is_empty() { &text } else { &output.stderr };
    ActError::Invalid { program: validator.program.to_owned(), said: last_lines(said) }
}

/// Lets the program read what is to be put at `path` where it is not yet in use, and returns what it said.
pub async fn try_candidate(
    cx: &Context<'_>,
    path: &Path,
    content: &[u8],
    validator: &Validator<'_>,
) -> Result<Output, ActError> {
    let candidate = candidate_path(cx, path);
    cx.host.write(NewFile { path: &candidate, content, mode: 0o600 }).await?;
    let name = candidate.to_string_lossy();
    let args: Vec<String> = validator.args.iter().map(|a| a.replace("{}", &name)).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let output = cx.host.run(Command::new(validator.program, &args)).await;
    cx.host.remove(&candidate).await?;
    Ok(output?)
}

/// `/etc/haproxy/haproxy.cfg` as one name below a folder of ours: the ending stays, some programs go by it.
fn candidate_path(cx: &Context<'_>, path: &Path) -> PathBuf {
    let name = path.to_string_lossy().trim_start_matches('/').replace('/', "-");
    cx.ledger.state_dir().join("candidate").join(name)
}

/// The end of what a program said, short enough for a report.
pub fn last_lines(said: &str) -> String {
    let lines: Vec<&str> = said.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let end = lines.split_at(lines.len().saturating_sub(8)).1.join("; ");
    let from = end.char_indices().rev().nth(1000).map_or(0, |(i, _)| i);
    end.get(from..).unwrap_or_default().to_owned()
}

/// What [`mark_applied`] remembers.
#[derive(Debug, Serialize, Deserialize)]
struct Applied {
    digest: Digest,
    facts: BTreeMap<String, String>,
}

fn marker(cx: &Context<'_>, component: Component) -> PathBuf {
    cx.ledger.state_dir().join("applied").join(format!("{component}.json"))
}

/// Notes that the running program works with what has this digest. Written last, after the reload and the check of it.
pub async fn mark_applied(cx: &Context<'_>, component: Component, digest: &Digest) -> Result<(), ActError> {
    mark_applied_with(cx, component, digest, BTreeMap::new()).await
}

/// Whether [`mark_applied`] was called with this digest last.
pub async fn is_applied(cx: &Context<'_>, component: Component, digest: &Digest) -> Result<bool, ActError> {
    Ok(applied_facts(cx, component, digest).await?.is_some())
}

/// Like [`mark_applied`], with what was found out about the program.
pub async fn mark_applied_with(
    cx: &Context<'_>,
    component: Component,
    digest: &Digest,
    facts: BTreeMap<String, String>,
) -> Result<(), ActError> {
    // Plain data with text keys: it cannot fail, and an empty marker would only mean "do it again".
    let content = serde_json::to_vec(&Applied { digest: digest.clone(), facts }).unwrap_or_default();
    Ok(cx.host.write(NewFile { path: &marker(cx, component), content: &content, mode: 0o600 }).await?)
}

/// What was noted for exactly this digest; `None` when something else, or nothing, was applied last.
pub async fn applied_facts(
    cx: &Context<'_>,
    component: Component,
    digest: &Digest,
) -> Result<Option<BTreeMap<String, String>>, ActError> {
    let marker = cx.host.read(&marker(cx, component)).await?;
    let applied = marker.and_then(|bytes| serde_json::from_slice::<Applied>(&bytes).ok());
    Ok(applied.filter(|a| a.digest == *digest).map(|a| a.facts))
}

/// Runs a program and refuses every exit code but 0.
///
/// # Errors
/// [`ActError::Program`] with the end of what it said.
pub async fn run_ok(cx: &Context<'_>, command: Command<'_>) -> Result<Output, ActError> {
    let program = command.program.to_owned();
    let output = cx.host.run(command).await?;
    if output.ok() {
        return Ok(output);
    }
    let said = if output.stderr.trim().is_empty() { output.text() } else { output.stderr };
    Err(ActError::Program { program, code: output.code, said: last_lines(&said) })
}

/// Golden files: a rendering is compared with `golden/NAME`; `HA_UPDATE_GOLDEN=1` writes it anew.
#[cfg(test)]
pub(crate) fn assert_golden(name: &str, rendered: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/execute/golden").join(name);
    if std::env::var_os("HA_UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, rendered).unwrap();
    }
    let wanted = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(rendered, wanted, "{name} differs from its golden file; HA_UPDATE_GOLDEN=1 accepts the change");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_that_is_missing_is_an_error_not_an_empty_text() {
        let template = Template { name: "t", text: "port {{ port }}" };
        assert!(render(Component::Haproxy, &template, minijinja::context! { other => 1 }).is_err());
    }

    #[test]
    fn a_rendered_file_says_whose_it_is() {
        let template = Template { name: "t", text: "{{ header }}\nport {{ port }}\n" };
        let text = render(Component::Haproxy, &template, minijinja::context! { port => 80 }).unwrap();
        assert_eq!(text, "# Managed by ha-mesh (component haproxy). Edits are put back.\nport 80\n");
    }

    #[test]
    fn what_a_program_said_is_cut_to_its_end() {
        let said = last_lines(&"x\n".repeat(100));
        assert_eq!(said, "x; x; x; x; x; x; x; x");
        assert_eq!(last_lines(&"é".repeat(3000)).chars().count(), 1001);
    }
}
