//! The spec's JSON Schema, and a spec with every default written out.

use schemars::generate::SchemaSettings;
use serde_json::Value;

use super::Spec;

/// The JSON Schema (draft 2020-12) of `cluster.yaml`.
pub fn schema() -> Value {
    SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<Spec>().to_value()
}

/// The spec as YAML with every default written out, as `hactl spec show --defaults` prints it.
///
/// # Errors
/// Never in practice; the YAML library's word if it fails.
pub fn with_defaults(spec: &Spec) -> Result<String, String> {
    serde_saphyr::to_string(spec).map_err(|e| format!("writing the spec as YAML: {e}"))
}
