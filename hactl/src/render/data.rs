//! JSON and YAML for programs.

use serde::Serialize;

use crate::cli::Output;
use crate::exit::Failure;

/// Prints a value as JSON or YAML.
pub(crate) fn print(output: Output, value: &impl Serialize) -> Result<(), Failure> {
    let failed = |e: &dyn std::fmt::Display| Failure::Failed(format!("write the output: {e}"));
    match output {
        Output::Yaml => println!("{}", serde_saphyr::to_string(value).map_err(|e| failed(&e))?),
        Output::Table | Output::Json => println!("{}", serde_json::to_string_pretty(value).map_err(|e| failed(&e))?),
    }
    Ok(())
}
