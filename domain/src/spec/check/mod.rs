//! The rules a spec has to follow, one file per concern; each returns every problem it finds.

use super::Spec;
use super::problem::Problem;
use crate::catalog::Catalog;

/// Every rule.
pub fn check(spec: &Spec, catalog: &Catalog) -> Vec<Problem> {
    let _ = catalog;
    check_alone(spec)
}

/// Every rule that needs no catalog.
pub fn check_alone(spec: &Spec) -> Vec<Problem> {
    let _ = spec;
    Vec::new()
}
