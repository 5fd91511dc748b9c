//! Swap: off now and after the next boot.
//!
//! Knows nothing of whether the kubelet minds.

use std::path::Path;

use crate::execute::{ActError, Context, rendered};
use crate::host::{Command, NewFile};
use crate::ledger::Owned;

const TABLE: &str = "/etc/fstab";
const MARK: &str = "# ha-mesh, swap is off on a node: ";

/// The table with its swap lines turned into comments.
fn without_swap(table: &str) -> String {
    let line = |l: &str| {
        let swap = !l.trim_start().starts_with('#') && l.split_whitespace().nth(2) == Some("swap");
        if swap { format!("{MARK}{l}\n") } else { format!("{l}\n") }
    };
    table.lines().map(line).collect()
}

async fn table(cx: &Context<'_>) -> Result<String, ActError> {
    Ok(String::from_utf8_lossy(&cx.host.read(Path::new(TABLE)).await?.unwrap_or_default()).into_owned())
}

/// What is swapped to now.
async fn in_use(cx: &Context<'_>) -> Result<Vec<String>, ActError> {
    let swaps = cx.host.read(Path::new("/proc/swaps")).await?.unwrap_or_default();
    let swaps = String::from_utf8_lossy(&swaps);
    Ok(swaps.lines().skip(1).filter_map(|l| l.split_whitespace().next()).map(str::to_owned).collect())
}

pub(super) async fn trouble(cx: &Context<'_>) -> Result<Option<String>, ActError> {
    let used = in_use(cx).await?;
    if !used.is_empty() {
        return Ok(Some(format!("swap is on: {}", used.join(" "))));
    }
    let table = table(cx).await?;
    let right = without_swap(&table).lines().eq(table.lines());
    Ok((!right).then(|| format!("{TABLE} turns swap on at boot")))
}

pub(super) async fn off(cx: &Context<'_>) -> Result<(), ActError> {
    if !in_use(cx).await?.is_empty() {
        (cx.progress)("turning swap off".to_owned());
        let command = Command::new("swapoff", &["--all"]).timeout(std::time::Duration::from_secs(300));
        rendered::run_ok(cx, command).await?;
    }
    let table = table(cx).await?;
    let wanted = without_swap(&table);
    if !wanted.lines().eq(table.lines()) {
        cx.ledger.own_file(cx.host, Path::new(TABLE), Owned::File).await?;
        cx.host.write(NewFile { path: Path::new(TABLE), content: wanted.as_bytes(), mode: 0o644 }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_swap_lines_become_comments_and_only_once() {
        let table = "# swap was on /dev/sda5\nUUID=1 / ext4 defaults 0 1\n/dev/sda5 none swap sw 0 0\n";
        let wanted = without_swap(table);
        assert_eq!(
            wanted,
            format!("# swap was on /dev/sda5\nUUID=1 / ext4 defaults 0 1\n{MARK}/dev/sda5 none swap sw 0 0\n")
        );
        assert_eq!(without_swap(&wanted), wanted);
    }
}
