//! Waiting for a condition. What does not come about is told with what was seen last.

use std::future::Future;
use std::time::{Duration, Instant};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(40);
/// Only ever reached by what does not come about: a busy machine may take its time.
const PATIENCE: Duration = Duration::from_secs(240);

/// Looks until `look` gives a value; it says otherwise what it saw instead.
///
/// # Errors
/// When that does not come about, with what was seen last.
pub async fn until<T, F>(what: &str, mut look: impl FnMut() -> F) -> anyhow::Result<T>
where
    F: Future<Output = Result<T, String>>,
{
    let began = Instant::now();
    loop {
        match look().await {
            Ok(value) => return Ok(value),
            Err(seen) if began.elapsed() > PATIENCE => anyhow::bail!("waited for {what}; last seen: {seen}"),
            Err(_) => tokio::time::sleep(PAUSE).await,
        }
    }
}

/// Looks until `is_so` says yes.
///
/// # Errors
/// When that does not come about.
pub async fn until_so(what: &str, mut is_so: impl FnMut() -> bool) -> anyhow::Result<()> {
    until(what, || std::future::ready(if is_so() { Ok(()) } else { Err("not so".to_owned()) })).await
}
