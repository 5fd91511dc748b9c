//! From the text of a file to a [`Spec`]: every problem at once, each with its place in the file.
//!
//! What is wrong is taken out and, where it cannot be left out, replaced by the template's value, until the rest can be
//! read: so one mistake does not hide the next. Knows the spec's shape only through serde.

use super::problem::Problem;
use super::source::{Fault, Node, Reason, Source, Step, point, read as typed, shown};
use super::{FORMAT, Spec, check, explain, removal, template};
use crate::catalog::Catalog;

/// After this many problems the rest is not looked for.
const MOST: usize = 40;

/// Reads a spec's shape. On failure the rules that need no catalog are checked as well, where they can be.
///
/// # Errors
/// Everything that is wrong with the text, each with its place.
pub fn parse(text: &str) -> Result<Spec, Vec<Problem>> {
    let source = Source::read(text).map_err(|p| vec![*p])?;
    if source.is_empty() {
        let empty = Problem::error("", "the file is empty").help("`hactl spec init` writes one to begin with");
        return Err(vec![empty]);
    }
    other_format(&source).map_or(Ok(()), |p| Err(vec![p]))?;
    let mut attempt = Attempt::new(&source, text);
    let spec = attempt.run();
    match spec {
        Some(spec) if attempt.problems.is_empty() => Ok(spec),
        Some(spec) if attempt.whole => {
            let mut rules = check::check_alone(&spec);
            source.locate(&mut rules);
            attempt.problems.extend(rules);
            Err(in_file_order(attempt.problems))
        }
        Some(_) | None => Err(in_file_order(attempt.problems)),
    }
}

/// Reads a spec and checks every rule. On success also the warnings.
///
/// # Errors
/// Everything that is wrong, warnings included, each with its place.
pub fn read(text: &str, catalog: &Catalog) -> Result<(Spec, Vec<Problem>), Vec<Problem>> {
    read_where(text, catalog, |_| false)
}

/// As [`read`], but where `stands` says that the site has exactly these control planes and coordinators already, an even
/// number of them is only doubtful: a machine may have had to go before another can take its place.
///
/// # Errors
/// As [`read`].
pub fn read_where(
    text: &str,
    catalog: &Catalog,
    stands: impl FnOnce(&Spec) -> bool,
) -> Result<(Spec, Vec<Problem>), Vec<Problem>> {
    let spec = parse(text)?;
    let mut problems = check::check(&spec, catalog);
    if stands(&spec) {
        problems = removal::without_even_numbers(problems, &spec);
    }
    locate(text, &mut problems);
    if problems.iter().any(Problem::is_error) { Err(problems) } else { Ok((spec, problems)) }
}

/// Adds to each problem its place in the text it was found in.
pub fn locate(text: &str, problems: &mut [Problem]) {
    if let Ok(source) = Source::read(text) {
        source.locate(problems);
    }
}

fn in_file_order(mut problems: Vec<Problem>) -> Vec<Problem> {
    problems.sort_by_key(|p| (p.severity, p.line));
    problems
}

/// The format a file says it has.
///
/// # Errors
/// The text cannot be read as YAML.
pub(super) fn format_of(text: &str) -> Result<Option<u32>, Vec<Problem>> {
    Source::read(text).map(|source| version_of(&source)).map_err(|p| vec![*p])
}

fn version_of(source: &Source<'_>) -> Option<u32> {
    let (node, found) = source.root().nearest(&[Step::Key("version".to_owned())]);
    node.scalar().filter(|_| found)?.parse().ok()
}

fn other_format(source: &Source<'_>) -> Option<Problem> {
    let version = version_of(source).filter(|v| *v != FORMAT)?;
    let message = format!("this program reads format {FORMAT}, the file has {version}");
    let help = if version > FORMAT { "use a newer hactl" } else { "`hactl spec migrate` rewrites an old file" };
    let mut problem = [Problem::error("version", message).help(help)];
    source.locate(&mut problem);
    let [problem] = problem;
    Some(problem)
}

/// The tree while it is being mended, and what was found on the way.
struct Attempt<'t> {
    source: &'t Source<'t>,
    text: &'t str,
    tree: Node,
    problems: Vec<Problem>,
    /// Whether all that is left says what the operator meant: no machine taken out, nothing stood in for.
    whole: bool,
}

impl<'t> Attempt<'t> {
    fn new(source: &'t Source<'t>, text: &'t str) -> Self {
        Self { source, text, tree: source.root().clone(), problems: Vec::new(), whole: true }
    }

    fn run(&mut self) -> Option<Spec> {
        while self.problems.len() < MOST {
            match typed::<Spec>(&self.tree) {
                Ok(spec) => return Some(spec),
                Err(fault) if self.mend(&fault) => {}
                Err(_) => return None,
            }
        }
        None
    }

    /// Notes the fault and takes it out of the way; false when nothing is left to go on with.
    fn mend(&mut self, fault: &Fault) -> bool {
        match &fault.reason {
            Reason::Missing(field) => self.stand_in(&fault.path, field),
            Reason::UnknownKey(_) | Reason::UnknownWord(..) | Reason::Other(_) => {
                self.note(fault);
                self.whole &= matches!(fault.path.last(), Some(Step::Key(_)));
                self.tree.take_out(&fault.path)
            }
        }
    }

    fn stand_in(&mut self, parent: &[Step], field: &'static str) -> bool {
        self.whole = false;
        let mut path = parent.to_vec();
        path.push(Step::Key(field.to_owned()));
        if !self.source.root().nearest(&path).1 {
            self.note(&Fault { path: parent.to_vec(), reason: Reason::Missing(field) });
        }
        match template::value_at(&path) {
            Some(value) => self.tree.put(parent, field, value),
            None => self.tree.take_out(parent),
        }
    }

    fn note(&mut self, fault: &Fault) {
        let value = self.source.root().nearest(&fault.path).0.scalar();
        let mut problem = explain::fault(fault, value.as_deref());
        let root = self.source.root();
        let place = match fault.reason {
            Reason::UnknownKey(_) => root.key_place(&fault.path),
            Reason::Missing(_) | Reason::UnknownWord(..) | Reason::Other(_) => None,
        };
        let node = root.nearest(&fault.path).0;
        if !fault.path.is_empty() {
            point(&mut problem, self.text, place.unwrap_or((node.line, node.column)));
        }
        problem.value = value.as_deref().map(shown);
        self.problems.push(problem);
    }
}
