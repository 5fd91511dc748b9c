//! Every rule of the spec as data: `spec/NAME.yaml` and, beside it, what the operator is shown (`NAME.out`).
//!
//! `HA_UPDATE_GOLDEN=1 cargo test -p ha-domain --test spec` writes the `.out` files anew; read the difference.

#![expect(clippy::unwrap_used, clippy::disallowed_methods, reason = "tests may fail, read files and measure")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use ha_domain::catalog::Catalog;
use ha_domain::spec::{Problem, read, render};

static CATALOG: LazyLock<Catalog> = LazyLock::new(Catalog::built_in);

fn fixtures() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec");
    let entries = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let mut files: Vec<_> = entries.filter(|p| p.extension().is_some_and(|e| e == "yaml")).collect();
    files.sort();
    files
}

fn problems(file: &Path) -> Vec<Problem> {
    let text = std::fs::read_to_string(file).unwrap();
    match read(&text, &CATALOG) {
        Ok((_, warnings)) => warnings,
        Err(problems) => problems,
    }
}

fn shown(file: &Path) -> String {
    match problems(file) {
        none if none.is_empty() => "no problem\n".to_owned(),
        some => render(&some, "cluster.yaml"),
    }
}

#[test]
fn every_wrong_spec_is_answered_with_the_text_beside_it() {
    let update = std::env::var_os("HA_UPDATE_GOLDEN").is_some();
    let mut differ = BTreeMap::new();
    for file in fixtures() {
        let (golden, now) = (file.with_extension("out"), shown(&file));
        if update {
            std::fs::write(&golden, &now).unwrap();
        }
        let before = std::fs::read_to_string(&golden).unwrap_or_default();
        if before != now {
            differ.insert(file.file_stem().unwrap().to_owned(), format!("expected:\n{before}\ngot:\n{now}"));
        }
    }
    for (name, difference) in &differ {
        println!("{}: {difference}", name.display());
    }
    assert!(differ.is_empty(), "{} fixtures differ; HA_UPDATE_GOLDEN=1 writes them anew", differ.len());
}

#[test]
fn every_fixture_but_the_fine_ones_has_a_problem() {
    const FINE: [&str; 4] = ["fine", "loopback-site", "pool-just-fits", "sections-left-empty"];
    for file in fixtures() {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        assert_eq!(problems(&file).is_empty(), FINE.contains(&name.as_str()), "{name}");
    }
}

#[test]
fn every_problem_says_where_it_is_and_its_snippet_is_that_line() {
    for file in fixtures() {
        let text = std::fs::read_to_string(&file).unwrap();
        for problem in problems(&file).iter().filter(|p| p.line > 0) {
            let masked = problem.snippet.contains("***");
            assert!(!problem.snippet.contains("hunter2"), "{}", file.display());
            assert!(
                masked || text.lines().nth(problem.line - 1).unwrap_or_default() == problem.snippet,
                "{}",
                file.display()
            );
        }
    }
}
