//! kubeadm: run with a configuration that exists only meanwhile, never twice at once, never with a secret in its arguments.
//!
//! Knows nothing of what the configuration says.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::super::rendered::last_lines;
use super::super::{ActError, Context};
use super::config::JoinSecrets;
use crate::execute::service::Wait;
use crate::host::{Command, NewFile, Output};
use crate::ledger::Owned;

/// Configurations; nobody but root looks in.
const DIR: &str = "/etc/ha-mesh/kubeadm";
const PROGRAM: &str = "/usr/local/bin/kubeadm";
const TIMEOUT: Duration = Duration::from_secs(9 * 60);

/// Runs kubeadm with `args` and this configuration, which is gone afterwards. `secrets` are taken out of what it says.
pub(in super::super) async fn run(
    cx: &Context<'_>,
    args: &[&str],
    config: &str,
    secrets: &JoinSecrets<'_>,
) -> Result<Output, ActError> {
    let path = PathBuf::from(DIR).join(format!("{}.yaml", args.first().unwrap_or(&"config")));
    cx.ledger.own_file(cx.host, Path::new(DIR), Owned::Dir).await?;
    cx.host.make_dir(Path::new(DIR), 0o700).await?;
    cx.host.write(NewFile { path: &path, content: config.as_bytes(), mode: 0o600 }).await?;
    let outcome = with_config(cx, args, &path).await;
    cx.host.remove(&path).await?;
    let output = outcome?;
    if output.ok() { Ok(output) } else { Err(failure(args, &output, secrets)) }
}

/// A setting that kubeadm does not know would only be warned of: that is refused before anything is done.
async fn with_config(cx: &Context<'_>, args: &[&str], path: &Path) -> Result<Output, ActError> {
    let path = path.to_string_lossy();
    let judged = cx.host.run(Command::new(PROGRAM, &["config", "validate", "--config", &path])).await?;
    let warning = judged.stderr.lines().find(|line| line.contains("unknown field"));
    if !judged.ok() || warning.is_some() {
        let said = warning.map_or_else(|| last_lines(&judged.stderr), str::to_owned);
        return Err(ActError::Invalid { program: "kubeadm".to_owned(), said });
    }
    let args = [args, &["--config", &path]].concat();
    Ok(cx.host.run(Command::new(PROGRAM, &args).timeout(TIMEOUT)).await?)
}

/// Removes configurations that a crash left; they hold secrets.
pub(super) async fn forget_secrets(cx: &Context<'_>) -> Result<(), ActError> {
    Ok(cx.host.remove(Path::new(DIR)).await?)
}

/// Takes apart what kubeadm made on this machine, its etcd member in the cluster included where that can be reached.
pub(in super::super) async fn reset(cx: &Context<'_>) -> Result<(), ActError> {
    (cx.progress)("taking apart what kubeadm left".to_owned());
    let output = cx.host.run(Command::new(PROGRAM, &["reset", "--force"]).timeout(TIMEOUT)).await?;
    let member_stays = output.stderr.lines().find(|line| line.to_lowercase().contains("failed to remove etcd member"));
    match member_stays {
        Some(line) => Err(ActError::Refused(format!(
            "kubeadm reset: {}; the etcd member must go first, trying again",
            line.trim()
        ))),
        None if output.ok() => Ok(()),
        None => Err(failure(&["reset"], &output, &JoinSecrets { token: "", certificate_key: "" })),
    }
}

/// Like [`reset`], for a machine that leaves for good: its etcd member was removed through another control plane before,
/// or the whole cluster goes.
pub(in super::super) async fn dismantle(cx: &Context<'_>) -> Result<(), ActError> {
    wait_for_running(cx).await?;
    match reset(cx).await {
        Err(ActError::Refused(_)) | Ok(()) => Ok(()),
        Err(error) => Err(error),
    }
}

/// Waits for a kubeadm that an earlier life of this agent started.
pub(super) async fn wait_for_running(cx: &Context<'_>) -> Result<(), ActError> {
    let wait = Wait::new(TIMEOUT.as_secs(), Duration::from_millis(500), "a running kubeadm to end");
    while is_running(cx).await? {
        wait.again("it still runs").await?;
    }
    Ok(())
}

async fn is_running(cx: &Context<'_>) -> Result<bool, ActError> {
    for process in cx.host.list(Path::new("/proc")).await? {
        if process.bytes().all(|b| b.is_ascii_digit()) {
            let comm = cx.host.read(&Path::new("/proc").join(&process).join("comm")).await;
            // A process may end between the two looks.
            if matches!(comm, Ok(Some(name)) if name == b"kubeadm\n") {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

fn failure(args: &[&str], output: &Output, secrets: &JoinSecrets<'_>) -> ActError {
    let mut said = last_lines(&output.stderr);
    for secret in [secrets.token, secrets.certificate_key] {
        if !secret.is_empty() {
            said = said.replace(secret, "[secret]");
        }
    }
    let program = format!("kubeadm {}", args.first().unwrap_or(&""));
    ActError::Program { program, code: output.code, said }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubeadm_says_is_passed_on_without_its_secrets() {
        let secrets = JoinSecrets { token: "abcdef.0123456789abcdef", certificate_key: "5ec2e7" };
        let stderr = "error: could not use abcdef.0123456789abcdef with 5ec2e7".to_owned();
        let error = failure(&["join"], &Output { code: 1, stderr, ..Output::default() }, &secrets).to_string();
        assert_eq!(error, "kubeadm join failed with code 1: error: could not use [secret] with [secret]");
    }
}
