//! What a coordinator may ask to read: the journal of a unit that the agent owns, the cluster's administrator
//! configuration on a control plane, or nothing at all (an echo). There is no path in the question.

use std::path::Path;
use std::time::Duration;

use ha_proto::v1::LogRequest;

use crate::execute::kube_api::ADMIN;
use crate::host::{Command, Host};

/// Lines of a unit's journal, or what a word stands for.
pub async fn lines(host: &dyn Host, request: &LogRequest) -> Result<Vec<String>, String> {
    match request.unit.as_str() {
        "@echo" => Ok(Vec::new()),
        "@kubeconfig" => {
            let file = host.read(Path::new(ADMIN)).await.map_err(|e| e.to_string())?;
            let file = file.ok_or("this machine is no control plane (yet)")?;
            Ok(String::from_utf8_lossy(&file).lines().map(str::to_owned).collect())
        }
        unit => journal(host, if unit.is_empty() { "ha-agent" } else { unit }, request.lines).await,
    }
}

async fn journal(host: &dyn Host, unit: &str, lines: u32) -> Result<Vec<String>, String> {
    let sane = unit.len() <= 64
        && unit.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.@".contains(&b))
        && !unit.starts_with('-');
    if !sane {
        return Err(format!("{unit:?} is no unit's name"));
    }
    let count = lines.to_string();
    let args = ["--no-pager", "--output", "short-iso", "--lines", &count, "--unit", unit];
    let output = host.run(Command::new("journalctl", &args).timeout(Duration::from_secs(20))).await;
    let output = output.map_err(|e| e.to_string())?;
    if !output.ok() {
        return Err(output.stderr.trim().to_owned());
    }
    // Control characters of a log must not reach a terminal.
    let clean = |line: &str| line.chars().filter(|c| !c.is_control() || *c == '\t').collect();
    Ok(output.text().lines().map(clean).collect())
}
