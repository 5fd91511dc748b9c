//! The live view: what goes on at the site until it is as wanted, on a terminal as bars, elsewhere line by line.
//!
//! It only looks: whatever happens here, the work goes on.

mod bars;
mod follow;
mod frame;
mod lines;
mod looks;

use std::collections::BTreeSet;
use std::time::Duration;

use ha_domain::view::{Health, StepView};
use ha_proto::v1::StepsRequest;

use crate::cli::{Cli, Output};
use crate::client::Client;
use crate::exit::{Done, Failure};
use crate::render::{data, reasons, status, summary};
use crate::voice::Voice;
use bars::Bars;
use follow::{Ending, follow};
use lines::Lines;
use looks::{Detail, Look};

/// What is waited for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Goal {
    /// This generation of the spec or a later one has come about.
    pub(crate) generation: u64,
    /// For how long.
    pub(crate) limit: Duration,
    /// Whether there is an end to it.
    pub(crate) until: Until,
}

/// When the view ends by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Until {
    /// As soon as the site is as wanted.
    AsWanted,
    /// Never.
    Stopped,
}

/// Steps that ended before, which the view does not speak of.
#[derive(Debug, Clone, Default)]
pub(crate) struct Before(BTreeSet<String>);

impl Before {
    /// Those that have ended by now.
    pub(crate) async fn now(client: &Client) -> Result<Self, Failure> {
        let steps = all_steps(client).await?;
        Ok(Self(steps.into_iter().filter(|s| !s.status.in_flight()).map(|s| s.id).collect()))
    }

    fn new_among(&self, steps: Vec<StepView>) -> Vec<StepView> {
        steps.into_iter().filter(|s| !self.0.contains(&s.id)).collect()
    }
}

/// What shows the looks.
trait View {
    /// What it needs of each look.
    fn detail(&self) -> Detail;
    /// The site, as it is now.
    fn look(&mut self, look: &Look);
    /// A moment passed.
    fn tick(&mut self);
    /// No coordinator tells at the moment.
    fn lost(&mut self, why: &Failure);
    /// Nothing more will come.
    fn close(&mut self);
}

/// Shows what goes on until the goal is reached, then what it took.
pub(crate) async fn show(cli: &Cli, client: &Client, goal: Goal, before: Before) -> Done {
    let voice = Voice::beside(cli.output);
    let mut view: Box<dyn View> =
        if voice.is_terminal() { Box::new(Bars::new()) } else { Box::new(Lines::new(voice, before.clone())) };
    let ending = follow(client, goal, view.as_mut()).await;
    view.close();
    match ending? {
        Ending::Reached(last) => reached(cli, client, (&last, before)).await,
        Ending::Left => {
            voice.say("\nthe work goes on without this view: `hactl watch` shows it again\n");
            Ok(())
        }
        Ending::TimedOut(last) => Err(timed_out(goal, last.as_deref())),
        Ending::Lost(why) => Err(Failure::Unreachable(format!(
            "{why}; what was applied goes on as soon as they answer each other: `hactl watch` shows it"
        ))),
    }
}

async fn reached(cli: &Cli, client: &Client, (last, before): (&Look, Before)) -> Done {
    let voice = Voice::beside(cli.output);
    let steps = before.new_among(all_steps(client).await?);
    let since = steps.iter().map(|s| s.adopted).min().unwrap_or(last.status.now);
    let summary = summary::summary(&steps, since);
    if !summary.is_empty() {
        voice.say(&format!("\n{summary}\n"));
    }
    voice.say(&status::as_wanted(&last.status));
    for layer in last.status.layers.iter().filter(|l| l.health != Health::Healthy) {
        voice.say(&format!("but {} is {}: {}\n", layer.name, layer.health.word(), layer.detail));
    }
    if let Some(document) = data::text(cli.output, &last.status)? {
        Voice::Out.say(&document);
    }
    if cli.output == Output::Name {
        Voice::Out.say(&format!("{}\n", last.status.name));
    }
    Ok(())
}

fn timed_out(goal: Goal, last: Option<&Look>) -> Failure {
    let mut text = format!("not as wanted after {} s; the work goes on: `hactl watch` shows it", goal.limit.as_secs());
    for reason in last.iter().flat_map(|l| reasons::reasons(&l.status.plan)).take(5) {
        text.push_str(&format!("\n  {} {}: {}", reason.urgency.word(), reason.concern, reason.text()));
    }
    Failure::TimedOut(text)
}

async fn all_steps(client: &Client) -> Result<Vec<StepView>, Failure> {
    client.document(async |mut c| c.steps(StepsRequest { all: true }).await).await
}
