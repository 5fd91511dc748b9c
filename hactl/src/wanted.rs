//! The spec and the catalog an operator gives: read and checked here, so that all that is wrong is said before anything is sent.
//!
//! Knows files, and the web for the catalog; asks no coordinator.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use ha_domain::catalog::Catalog;
use ha_domain::id::Digest;
use ha_domain::spec::{self, Problem, Spec};

use crate::exit::Failure;
use crate::fetch;

/// A larger catalog is not read.
const CATALOG_BYTES: u64 = 4 << 20;

/// Where a spec, and perhaps a catalog, come from.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Given {
    /// The spec; `-` reads standard input.
    #[arg(short, long, value_name = "FILE")]
    pub(crate) file: PathBuf,
    /// A catalog file to use instead of the one the spec names.
    #[arg(long, value_name = "FILE")]
    pub(crate) catalog: Option<PathBuf>,
}

/// A spec without errors, with what belongs to it.
#[derive(Debug)]
pub(crate) struct Wanted {
    /// Its text, as it will be kept.
    pub(crate) text: String,
    /// What it says.
    pub(crate) spec: Spec,
    /// The catalog's text; empty for the built-in one.
    pub(crate) catalog: String,
    /// What is doubtful about it, as text; empty when nothing is.
    pub(crate) warnings: String,
    /// What is wrong with it unless the site has this even number already.
    even: Option<String>,
    /// How the file is called in messages.
    pub(crate) name: String,
}

impl Wanted {
    /// There is no coordinator to ask: an even number is refused then.
    pub(crate) fn unasked(&self, failure: Failure) -> Failure {
        let refused = |problems: &String| Failure::WrongSpec(format!("{problems}nothing was sent. exit 2"));
        self.even.as_ref().map_or(failure, refused)
    }

    /// What a coordinator found wrong, with its place in this file; any other failure as it is.
    pub(crate) fn located(&self, failure: Failure) -> Failure {
        match failure {
            Failure::SpecProblems(mut problems) => {
                spec::locate(&self.text, &mut problems);
                refuse(&problems, &self.name)
            }
            other => other,
        }
    }
}

/// Who decides whether an even number of control planes or coordinators may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EvenNumbers {
    /// They are refused here.
    Refused,
    /// The coordinator decides, which knows whether the site has them already.
    LeftOpen,
}

/// Reads and checks; what is wrong ends in one text with everything in it.
pub(crate) async fn read(given: &Given, even: EvenNumbers) -> Result<Wanted, Failure> {
    let (text, name) = text(&given.file)?;
    let spec = spec::parse(&text).map_err(|problems| refuse(&problems, &name))?;
    let file = given.catalog.as_deref().map(|p| limited(p, CATALOG_BYTES)).transpose()?;
    let catalog = match (file, &spec.artifacts.catalog) {
        (Some(text), _) => text,
        (None, Some(url)) => {
            without_errors(&spec, &text, (&name, even))?;
            download(url.as_str(), spec.artifacts.catalog_sha256.as_ref()).await?
        }
        (None, None) => String::new(),
    };
    let parts = parsed(&catalog)?;
    let (spec, warnings, even) = match spec::read(&text, &parts) {
        Ok((spec, warnings)) => (spec, warnings, None),
        Err(problems) => match spec::read_where(&text, &parts, |_| even == EvenNumbers::LeftOpen) {
            Ok((spec, warnings)) => (spec, warnings, Some(spec::render(&problems, &name))),
            Err(_) => return Err(refuse(&problems, &name)),
        },
    };
    let warnings = if warnings.is_empty() { String::new() } else { spec::render(&warnings, &name) };
    Ok(Wanted { text, spec, catalog, warnings, even, name })
}

/// The file's text, no longer than a spec may be, and its name for messages.
pub(crate) fn text(path: &Path) -> Result<(String, String), Failure> {
    let limit = u64::try_from(spec::MAX_BYTES).unwrap_or(u64::MAX);
    if path == Path::new("-") {
        return Ok((all(std::io::stdin(), limit, "standard input")?, "standard input".to_owned()));
    }
    Ok((limited(path, limit)?, path.display().to_string()))
}

/// One problem after another, and that nothing came of it.
pub(crate) fn refuse(problems: &[Problem], name: &str) -> Failure {
    Failure::WrongSpec(spec::render(problems, name) + "nothing was sent. exit 2")
}

/// The catalog is not fetched for a spec that is refused anyway.
fn without_errors(spec: &Spec, text: &str, (name, even): (&str, EvenNumbers)) -> Result<(), Failure> {
    let mut problems = spec::check_alone(spec);
    spec::locate(text, &mut problems);
    let left_open = match even {
        EvenNumbers::LeftOpen => spec::without_even_numbers(problems.clone(), spec),
        EvenNumbers::Refused => problems.clone(),
    };
    if left_open.iter().any(Problem::is_error) { Err(refuse(&problems, name)) } else { Ok(()) }
}

fn parsed(catalog: &str) -> Result<Catalog, Failure> {
    match catalog {
        "" => Ok(Catalog::built_in()),
        text => Catalog::parse(text).map_err(|e| Failure::Refused(e.to_string())),
    }
}

async fn download(url: &str, wanted: Option<&Digest>) -> Result<String, Failure> {
    let fetched = fetch::get(url, usize::try_from(CATALOG_BYTES).unwrap_or(usize::MAX)).await;
    let bytes = fetched.map_err(|why| {
        Failure::Failed(format!(
            "fetch the catalog {url}: {why}. Nothing was sent. Fetch it elsewhere and give it with --catalog FILE"
        ))
    })?;
    let found = Digest::of(&bytes);
    if let Some(wanted) = wanted.filter(|w| **w != found) {
        return Err(Failure::Refused(format!(
            "the catalog {url} has the sha256 {found}, the spec says {wanted}: nothing was sent; \
             look which of them is right, then correct artifacts.catalogSha256"
        )));
    }
    String::from_utf8(bytes).map_err(|_| Failure::Refused(format!("the catalog {url} is no text")))
}

fn limited(path: &Path, limit: u64) -> Result<String, Failure> {
    let name = path.display().to_string();
    let file = File::open(path).map_err(|e| Failure::Refused(format!("open {name}: {e}")))?;
    if file.metadata().is_ok_and(|m| m.is_dir()) {
        return Err(Failure::Refused(format!("{name} is a folder, not a file")));
    }
    all(file, limit, &name)
}

fn all(from: impl Read, limit: u64, name: &str) -> Result<String, Failure> {
    let mut bytes = Vec::new();
    let read = from.take(limit + 1).read_to_end(&mut bytes);
    read.map_err(|e| Failure::Refused(format!("read {name}: {e}")))?;
    if bytes.len() as u64 > limit {
        return Err(Failure::Refused(format!("{name} has more than {} KiB: is this the right file?", limit >> 10)));
    }
    String::from_utf8(bytes).map_err(|_| Failure::Refused(format!("{name} is no UTF-8 text: is this the right file?")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given(folder: &Path, spec: &str) -> Given {
        let file = folder.join("cluster.yaml");
        std::fs::write(&file, spec).unwrap();
        Given { file, catalog: None }
    }

    #[tokio::test]
    async fn the_template_is_fine_and_uses_the_built_in_catalog() {
        let folder = tempfile::tempdir().unwrap();
        let wanted = read(&given(folder.path(), spec::template()), EvenNumbers::Refused).await.unwrap();
        assert_eq!((wanted.spec.name.as_str(), wanted.catalog.as_str()), ("acme", ""));
    }

    #[tokio::test]
    async fn a_spec_larger_than_any_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let failure =
            read(&given(folder.path(), &"#".repeat(spec::MAX_BYTES + 1)), EvenNumbers::Refused).await.unwrap_err();
        assert!(matches!(&failure, Failure::Refused(text) if text.contains("right file")), "{failure:?}");
    }

    #[tokio::test]
    async fn the_catalog_is_not_fetched_for_a_spec_that_is_wrong_anyway() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts =
            format!("artifacts: {{catalog: \"http://127.0.0.1:1/c\", catalogSha256: {}}}\n", "0".repeat(64));
        let wrong = spec::template()
            .replace("path: /jw/web/login", "x")
            .replace("name: m3,  role: control-plane", "name: m3,  role: spare");
        let failure = read(&given(folder.path(), &(wrong + &artifacts)), EvenNumbers::Refused).await.unwrap_err();
        assert!(matches!(&failure, Failure::WrongSpec(text) if text.contains("control planes")), "{failure:?}");
    }

    #[tokio::test]
    async fn a_catalog_that_cannot_be_fetched_says_how_else_to_give_it() {
        let folder = tempfile::tempdir().unwrap();
        let artifacts =
            format!("artifacts: {{catalog: \"http://127.0.0.1:1/c\", catalogSha256: {}}}\n", "0".repeat(64));
        let failure = read(&given(folder.path(), &(spec::template().to_owned() + &artifacts)), EvenNumbers::Refused)
            .await
            .unwrap_err();
        assert!(matches!(&failure, Failure::Failed(text) if text.contains("--catalog FILE")), "{failure:?}");
    }
}
