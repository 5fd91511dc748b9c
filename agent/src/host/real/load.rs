//! How busy the machine is, from /proc.
//!
//! Whole numbers; rounding them so that they rarely change is the observer's.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use ha_domain::report::Load;

use super::clock::Offset;
use super::{HostError, blocking};

/// Remembers the processor's counters of the last sample.
#[derive(Debug, Default)]
pub(super) struct Sampler {
    last: Mutex<Cpu>,
    offset: Offset,
}

/// Ticks since boot.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Cpu {
    all: u64,
    idle: u64,
}

impl Sampler {
    pub(super) async fn sample(&self) -> Result<Load, HostError> {
        let (stat, memory, pressure, disk) = blocking("read", Path::new("/proc"), |_| {
            let text = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
            Ok((text("/proc/stat"), text("/proc/meminfo"), text("/proc/pressure/memory"), disk_percent()?))
        })
        .await?;
        let now = Cpu::read(&stat);
        let last = std::mem::replace(&mut *self.last.lock().unwrap_or_else(PoisonError::into_inner), now);
        Ok(Load {
            cpu_percent: now.busy_since(last),
            memory_percent: memory_percent(&memory),
            disk_percent: disk,
            memory_pressure_percent: pressure_percent(&pressure),
            clock_offset_ms: self.offset.milliseconds().await,
        })
    }
}

impl Cpu {
    /// user nice system idle iowait irq softirq steal; guest times are within user.
    fn read(stat: &str) -> Self {
        let line = stat.lines().find_map(|l| l.strip_prefix("cpu ")).unwrap_or_default();
        let ticks: Vec<u64> = line.split_whitespace().take(8).filter_map(|t| t.parse().ok()).collect();
        Self { all: ticks.iter().sum(), idle: ticks.iter().skip(3).take(2).sum() }
    }

    fn busy_since(self, last: Self) -> u8 {
        let all = self.all.saturating_sub(last.all);
        percent(all.saturating_sub(self.idle.saturating_sub(last.idle)), all)
    }
}

fn percent(part: u64, whole: u64) -> u8 {
    let exact = part.saturating_mul(100).checked_div(whole).unwrap_or(0);
    u8::try_from(exact.min(100)).unwrap_or(100)
}

/// A line of meminfo in KiB.
pub(super) fn memory(meminfo: &str, key: &str) -> Option<u64> {
    let line = meminfo.lines().find_map(|l| l.strip_prefix(key)?.strip_prefix(':'))?;
    line.split_whitespace().next()?.parse().ok()
}

fn memory_percent(meminfo: &str) -> u8 {
    let total = memory(meminfo, "MemTotal").unwrap_or(0);
    percent(total.saturating_sub(memory(meminfo, "MemAvailable").unwrap_or(0)), total)
}

/// As `df` counts: what root alone may use counts as used.
fn disk_percent() -> std::io::Result<u8> {
    let stat = rustix::fs::statvfs("/")?;
    let used = stat.f_blocks.saturating_sub(stat.f_bfree);
    Ok(percent(used, used.saturating_add(stat.f_bavail)))
}

/// `full avg10=0.00 avg60=1.25 ...`
fn pressure_percent(pressure: &str) -> Option<u8> {
    let full = pressure.lines().find_map(|l| l.strip_prefix("full "))?;
    let average: f64 = full.split(' ').find_map(|w| w.strip_prefix("avg60="))?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a float cast saturates")]
    Some(average.round() as u8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_use_is_what_was_not_idle_since_the_last_look() {
        let last = Cpu::read("cpu  100 0 100 800 0 0 0 0 0 0\ncpu0 1 2 3\n");
        let now = Cpu::read("cpu  150 0 125 900 25 0 0 0 50 0\n");
        assert_eq!(now.busy_since(last), 37);
        assert_eq!(last.busy_since(last), 0);
    }

    #[test]
    fn memory_in_use_is_what_is_not_available() {
        assert_eq!(memory_percent("MemTotal:       1000 kB\nMemFree: 10 kB\nMemAvailable:    250 kB\n"), 75);
    }

    #[test]
    fn pressure_is_absent_where_the_kernel_does_not_tell() {
        assert_eq!(pressure_percent(""), None);
        assert_eq!(
            pressure_percent("some avg10=9.00 avg60=9.00 avg300=1 total=1\nfull avg10=0.00 avg60=2.60 avg300=0\n"),
            Some(3)
        );
    }

    #[tokio::test]
    async fn this_machine_uses_some_memory() {
        let load = Sampler::default().sample().await.unwrap();
        assert!((1..=100).contains(&load.memory_percent) && load.disk_percent <= 100, "{load:?}");
    }
}
