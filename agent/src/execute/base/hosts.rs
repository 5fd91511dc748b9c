//! Our block of the hosts file; every line outside it stays as it is.
//!
//! Knows nothing of name servers.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::Path;

use crate::execute::{ActError, Context};
use crate::host::NewFile;
use crate::ledger::Owned;

const PATH: &str = "/etc/hosts";
const BEGIN: &str = "# BEGIN ha-mesh: edits in this block are put back";
const END: &str = "# END ha-mesh";

/// The file with our block in it, at its end where it was not there yet.
fn with_block(there: &str, hosts: &BTreeMap<String, IpAddr>) -> String {
    let (before, after) = around(there);
    let mut text = before;
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(BEGIN);
    text.push('\n');
    for (name, address) in hosts {
        text.push_str(&format!("{address} {name}\n"));
    }
    text.push_str(END);
    text.push('\n');
    text.push_str(&after);
    text
}

/// What stands before and after our block.
fn around(there: &str) -> (String, String) {
    let Some(begin) = there.find(BEGIN) else { return (there.to_owned(), String::new()) };
    let (before, rest) = there.split_at(begin);
    let after = rest.find(END).map(|end| rest.split_at(end + END.len()).1.trim_start_matches('\n'));
    // A block that lost its end: only what can be told to be ours, the first line, is taken for it.
    let after = after.unwrap_or_else(|| rest.split_once('\n').map_or("", |(_, more)| more));
    (before.to_owned(), after.to_owned())
}

async fn read(cx: &Context<'_>) -> Result<String, ActError> {
    Ok(String::from_utf8_lossy(&cx.host.read(Path::new(PATH)).await?.unwrap_or_default()).into_owned())
}

pub(super) async fn trouble(cx: &Context<'_>, hosts: &BTreeMap<String, IpAddr>) -> Result<Option<String>, ActError> {
    let there = read(cx).await?;
    Ok((with_block(&there, hosts) != there).then(|| format!("{PATH} differs")))
}

pub(super) async fn put(cx: &Context<'_>, hosts: &BTreeMap<String, IpAddr>) -> Result<(), ActError> {
    let there = read(cx).await?;
    let wanted = with_block(&there, hosts);
    if wanted != there {
        cx.ledger.own_file(cx.host, Path::new(PATH), Owned::File).await?;
        cx.host.write(NewFile { path: Path::new(PATH), content: wanted.as_bytes(), mode: 0o644 }).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(names: &[(&str, &str)]) -> BTreeMap<String, IpAddr> {
        names.iter().map(|(name, address)| ((*name).to_owned(), address.parse().unwrap())).collect()
    }

    #[test]
    fn the_block_is_added_once_and_replaced_afterwards() {
        let first = with_block("127.0.0.1 localhost", &hosts(&[("m1", "10.0.0.21")]));
        assert_eq!(first, format!("127.0.0.1 localhost\n{BEGIN}\n10.0.0.21 m1\n{END}\n"));
        assert_eq!(with_block(&first, &hosts(&[("m1", "10.0.0.21")])), first);
        let second = with_block(&first, &hosts(&[("m1", "10.0.0.22"), ("w1", "fd00::1")]));
        assert_eq!(second, format!("127.0.0.1 localhost\n{BEGIN}\n10.0.0.22 m1\nfd00::1 w1\n{END}\n"));
    }

    #[test]
    fn lines_around_the_block_stay() {
        let there = format!("a\n{BEGIN}\nold\n{END}\nb\n");
        assert_eq!(with_block(&there, &hosts(&[])), format!("a\n{BEGIN}\n{END}\nb\n"));
    }

    #[test]
    fn a_block_without_an_end_loses_no_foreign_line() {
        let there = format!("a\n{BEGIN}\nforeign\n");
        assert_eq!(with_block(&there, &hosts(&[])), format!("a\n{BEGIN}\n{END}\nforeign\n"));
    }
}
