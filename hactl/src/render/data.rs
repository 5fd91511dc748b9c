//! JSON and YAML for programs.

use serde::Serialize;

use crate::cli::Output;
use crate::exit::Failure;

/// A value as JSON or YAML, with a line end; `None` where the caller has a form of its own.
pub(crate) fn text(output: Output, value: &impl Serialize) -> Result<Option<String>, Failure> {
    match output {
        Output::Yaml => Ok(Some(yaml(value)?)),
        Output::Json => Ok(Some(json(value)?)),
        Output::Table | Output::Wide | Output::Name => Ok(None),
    }
}

/// As JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, Failure> {
    let text = serde_json::to_string_pretty(value).map_err(|e| Failure::doing("write JSON", e))?;
    Ok(text + "\n")
}

/// As YAML.
pub(crate) fn yaml(value: &impl Serialize) -> Result<String, Failure> {
    // By way of JSON, so that both have the same names and the same shape.
    let value = serde_json::to_value(value).map_err(|e| Failure::doing("write YAML", e))?;
    let text = serde_saphyr::to_string(&value).map_err(|e| Failure::doing("write YAML", e))?;
    Ok(format!("{}\n", text.trim_end()))
}
