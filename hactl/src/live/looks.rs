//! One look at the site after another, from whichever coordinator tells.

use std::time::{Duration, Instant};

use futures_util::Stream;
use futures_util::stream::unfold;
use ha_domain::view::{SiteStatus, StepView};
use ha_proto::v1::{Document, WatchRequest};
use tonic::Streaming;

use super::all_steps;
use crate::client::{Client, understand};
use crate::exit::Failure;

/// A coordinator that tells nothing for this long is given up: it sends a screen every two seconds at least.
const SILENCE: Duration = Duration::from_secs(5);
/// After a failure.
const PAUSE: Duration = Duration::from_millis(300);
/// Steps are asked for no more often than this.
const STEPS_EVERY: Duration = Duration::from_millis(400);

/// What a view needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    /// Only the screen.
    Screen,
    /// Also the steps, those that ended too.
    Steps,
}

/// The site at one moment.
#[derive(Debug, Clone)]
pub(super) struct Look {
    /// The screen.
    pub(super) status: SiteStatus,
    /// All steps; empty where they were not asked for this time.
    pub(super) steps: Vec<StepView>,
}

#[derive(Default)]
struct Open {
    screens: Option<Streaming<Document>>,
    steps_at: Option<Instant>,
}

/// Looks without an end; an error means that another coordinator will be asked.
pub(super) fn looks(client: &Client, detail: Detail) -> impl Stream<Item = Result<Look, Failure>> {
    unfold(Open::default(), move |mut open| async move {
        let look = next(client, detail, &mut open).await;
        if look.is_err() {
            open.screens = None;
            client.turn_away();
            tokio::time::sleep(PAUSE).await;
        }
        Some((look, open))
    })
}

async fn next(client: &Client, detail: Detail, open: &mut Open) -> Result<Look, Failure> {
    let screens = match &mut open.screens {
        Some(screens) => screens,
        none @ None => none.insert(client.call(async |mut c| c.watch(WatchRequest {}).await).await?),
    };
    let silent = |_| Failure::Unreachable("the coordinator fell silent".to_owned());
    let screen = tokio::time::timeout(SILENCE, screens.message()).await.map_err(silent)??;
    let screen = screen.ok_or_else(|| Failure::Unreachable("the coordinator ended the view".to_owned()))?;
    let status: SiteStatus = understand(&screen.json)?;
    let due = detail == Detail::Steps && open.steps_at.is_none_or(|at| at.elapsed() > STEPS_EVERY);
    // At the end all of them are told.
    let steps = if due || (detail == Detail::Steps && status.plan.converged()) {
        open.steps_at = Some(Instant::now());
        all_steps(client).await?
    } else {
        Vec::new()
    };
    Ok(Look { status, steps })
}
