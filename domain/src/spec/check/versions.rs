//! Versions against the catalog.

use crate::catalog::Catalog;
use crate::spec::Spec;
use crate::spec::problem::Problem;

pub(super) fn check(spec: &Spec, catalog: &Catalog) -> Vec<Problem> {
    let path = "kubernetes.version";
    let version = &spec.kubernetes.version;
    match catalog.components_for(version) {
        Ok(_) => Vec::new(),
        Err(unknown) if unknown.what == "Kubernetes" => {
            let message = format!("{version} is not in the catalog");
            vec![Problem::error(path, message).help(format!("known: {}", unknown.known.join(", ")))]
        }
        Err(unknown) => vec![Problem::error(path, format!("a part of {version} is missing: {unknown}"))],
    }
}
