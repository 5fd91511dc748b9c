//! The machine's clock, and how far chrony thinks it is off.
//!
//! Never sets it.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ha_domain::id::Time;

use super::{Command, programs};

/// How long chrony's word is remembered.
const REMEMBERED: Duration = Duration::from_secs(30);

pub(super) fn now() -> Time {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Time(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// What chrony said last.
#[derive(Debug, Default)]
pub(super) struct Offset(tokio::sync::Mutex<Option<(Instant, Option<i64>)>>);

impl Offset {
    /// Milliseconds that the clock is off; `None` when unknown.
    pub(super) async fn milliseconds(&self) -> Option<i64> {
        let mut held = self.0.lock().await;
        match *held {
            Some((at, offset)) if at.elapsed() < REMEMBERED => offset,
            _ => {
                let offset = ask().await;
                *held = Some((Instant::now(), offset));
                offset
            }
        }
    }
}

async fn ask() -> Option<i64> {
    if !std::path::Path::new("/usr/bin/chronyc").exists() {
        return None;
    }
    let command = Command::new("/usr/bin/chronyc", &["-c", "tracking"]).timeout(Duration::from_secs(3));
    let output = programs::run(command).await.ok().filter(super::Output::ok)?;
    read(&output.text())
}

/// Fields: reference, name, stratum, time, offset in seconds, ..., leap status last.
fn read(tracking: &str) -> Option<i64> {
    let fields: Vec<&str> = tracking.trim().split(',').collect();
    if fields.last()? == &"Not synchronised" {
        return None;
    }
    let seconds: f64 = fields.get(4)?.parse().ok()?;
    #[expect(clippy::cast_possible_truncation, reason = "a float cast saturates")]
    Some((seconds * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chronys_offset_is_read_in_milliseconds() {
        let line = "C0A80001,ntp1,3,1764000000.1,-0.012400,0.0001,0.0002,1.5,0.0,0.1,0.02,0.003,64.5,Normal\n";
        assert_eq!(read(line), Some(-12));
    }

    #[test]
    fn a_clock_that_follows_nobody_has_no_offset() {
        assert_eq!(read("00000000,,0,0.0,0.0,0.0,0.0,0.0,0.0,0.0,1.0,1.0,0.0,Not synchronised\n"), None);
        assert_eq!(read("506 Cannot talk to daemon"), None);
    }
}
