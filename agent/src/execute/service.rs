//! A unit as an action needs it: enabled and running, started or told of a new configuration, and waited for.
//!
//! Knows nothing of what the unit is.

use std::time::{Duration, Instant};

use super::{ActError, Context};
use crate::host::UnitVerb;

/// What is wrong with a unit that should be enabled and running; `None` when nothing is.
pub async fn trouble(cx: &Context<'_>, unit: &str) -> Result<Option<String>, ActError> {
    let state = cx.host.unit(unit).await?;
    Ok(match state.active.as_str() {
        "active" | "reloading" if state.enabled => None,
        "active" | "reloading" => Some(format!("{unit} does not start at boot")),
        "absent" => Some(format!("{unit} is not installed")),
        other => Some(format!("{unit} is {other}")),
    })
}

/// Makes the unit start at boot and now, if it does not run yet.
pub async fn start(cx: &Context<'_>, unit: &str) -> Result<(), ActError> {
    cx.ledger.own_unit(cx.host, unit).await?;
    let state = cx.host.unit(unit).await?;
    if !state.enabled {
        cx.host.control(unit, UnitVerb::Enable).await?;
    }
    if !is_up(&state.active) {
        (cx.progress)(format!("starting {unit}"));
        cx.host.control(unit, UnitVerb::Start).await?;
    }
    Ok(())
}

/// Like [`start`]; a unit that runs already is told of its new configuration by `verb` (reload or restart).
pub async fn bring(cx: &Context<'_>, unit: &str, verb: UnitVerb) -> Result<(), ActError> {
    let ran = is_up(&cx.host.unit(unit).await?.active);
    start(cx, unit).await?;
    if ran {
        (cx.progress)(format!("{unit} takes up its configuration"));
        cx.host.control(unit, verb).await?;
    }
    Ok(())
}

fn is_up(active: &str) -> bool {
    matches!(active, "active" | "reloading")
}

/// How long and how often something is looked at; the time runs from when it is made.
#[derive(Debug, Clone, Copy)]
pub struct Wait {
    seconds: u64,
    every: Duration,
    what: &'static str,
    begun: Instant,
}

impl Wait {
    /// Gives up after `seconds`, pauses for `every` between two looks; `what` is for the error: "haproxy to answer".
    pub fn new(seconds: u64, every: Duration, what: &'static str) -> Self {
        Self { seconds, every, what, begun: Instant::now() }
    }

    /// Pauses before another look; `last` is what was seen.
    ///
    /// # Errors
    /// [`ActError::Timeout`] when the time is over.
    pub async fn again(&self, last: impl Into<String>) -> Result<(), ActError> {
        if self.begun.elapsed() >= Duration::from_secs(self.seconds) {
            return Err(ActError::Timeout { seconds: self.seconds, what: self.what.to_owned(), last: last.into() });
        }
        tokio::time::sleep(self.every).await;
        Ok(())
    }
}
