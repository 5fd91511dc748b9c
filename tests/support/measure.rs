//! What a process of this host has used, from `/proc`.
//!
//! Knows nothing of what the process is.

use anyhow::Context as _;

/// What a tick of `/proc/<pid>/stat` is: Linux shows hundredths of a second to programs, whatever the kernel counts in.
const TICKS_PER_SECOND: f64 = 100.0;

/// What a process has used so far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Usage {
    /// Seconds of processor time, in user and kernel mode.
    pub cpu_seconds: f64,
    /// Kibibytes of memory that it holds.
    pub rss_kib: u64,
}

impl Usage {
    /// Of the process with this id.
    ///
    /// # Errors
    /// It is gone.
    pub fn of(pid: u32) -> anyhow::Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            std::fs::read_to_string(&path).with_context(|| format!("read {path}"))
        };
        Ok(Self { cpu_seconds: cpu_seconds(&read("stat")?)?, rss_kib: rss_kib(&read("status")?)? })
    }

    /// Of this process.
    ///
    /// # Errors
    /// `/proc` is not mounted.
    pub fn own() -> anyhow::Result<Self> {
        Self::of(std::process::id())
    }
}

fn cpu_seconds(stat: &str) -> anyhow::Result<f64> {
    // The second field, the name, may hold anything but ends with the last bracket.
    let after = stat.rsplit_once(')').context("read stat")?.1;
    let ticks = after.split_whitespace().skip(11).take(2).map(str::parse::<u32>).collect::<Result<Vec<_>, _>>()?;
    Ok(f64::from(ticks.iter().sum::<u32>()) / TICKS_PER_SECOND)
}

fn rss_kib(status: &str) -> anyhow::Result<u64> {
    let line = status.lines().find_map(|l| l.strip_prefix("VmRSS:")).context("read status")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_brackets_and_spaces_does_not_shift_the_fields() {
        let stat = "7 (a) b) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 1 1 1";
        assert!((cpu_seconds(stat).unwrap() - 3.0).abs() < 1e-9);
    }

    #[test]
    fn this_process_holds_memory() {
        assert!(Usage::own().unwrap().rss_kib > 100);
    }
}
