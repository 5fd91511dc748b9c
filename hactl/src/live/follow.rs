//! The loop of the live view: looks, ticks, the time limit, Ctrl-C.

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use ha_domain::view::Health;

use super::looks::{Look, looks};
use super::{Goal, Until, View};
use crate::client::Client;
use crate::exit::Failure;

/// How often times on the screen move on.
const TICK: Duration = Duration::from_millis(250);
/// How long a site that is as wanted may take to be healthy too: its last node must become Ready.
const HEALTH: Duration = Duration::from_secs(120);

/// How the view ended.
pub(super) enum Ending {
    /// The site is as wanted.
    Reached(Box<Look>),
    /// Ctrl-C.
    Left,
    /// The time is over; what was seen last.
    TimedOut(Option<Box<Look>>),
    /// The time is over, and no coordinator answers.
    Lost(Failure),
}

/// Shows looks until the goal is reached, the time is over, or the operator has seen enough.
pub(super) async fn follow(client: &Client, goal: Goal, view: &mut dyn View) -> Result<Ending, Failure> {
    let looks = looks(client, view.detail());
    let (interrupt, over) = (tokio::signal::ctrl_c(), tokio::time::sleep(goal.limit));
    tokio::pin!(looks, interrupt, over);
    let mut ticks = tokio::time::interval(TICK);
    let (mut last, mut lost, mut as_wanted) = (None, None, None);
    loop {
        tokio::select! {
            biased;
            _ = &mut interrupt => return Ok(Ending::Left),
            () = &mut over => return Ok(lost.map_or(Ending::TimedOut(last.map(Box::new)), Ending::Lost)),
            Some(look) = looks.next() => match look {
                Ok(look) => {
                    view.look(&look);
                    let since = *as_wanted.get_or_insert_with(Instant::now);
                    if !is_as_wanted(goal, &look) {
                        as_wanted = None;
                    } else if look.status.health == Health::Healthy || since.elapsed() > HEALTH {
                        return Ok(Ending::Reached(Box::new(look)));
                    }
                    (last, lost) = (Some(look), None);
                }
                Err(failure) if is_final(&failure) => return Err(failure),
                Err(failure) => {
                    view.lost(&failure);
                    lost = Some(failure);
                }
            },
            _ = ticks.tick() => view.tick(),
        }
    }
}

fn is_as_wanted(goal: Goal, look: &Look) -> bool {
    let current = look.status.spec.as_ref().is_some_and(|s| s.generation >= goal.generation);
    goal.until == Until::AsWanted && current && look.status.plan.converged()
}

/// Another coordinator would say the same.
fn is_final(failure: &Failure) -> bool {
    match failure {
        Failure::NotPermitted(_) | Failure::Refused(_) | Failure::WrongSpec(_) | Failure::SpecProblems(_) => true,
        Failure::Failed(_) | Failure::Unreachable(_) | Failure::TimedOut(_) | Failure::Conflict(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::golden::Site;

    fn goal(generation: u64) -> Goal {
        Goal { generation, limit: Duration::from_secs(1), until: Until::AsWanted }
    }

    fn look(status: ha_domain::view::SiteStatus) -> Look {
        Look { status, steps: Vec::new() }
    }

    #[test]
    fn the_goal_is_reached_when_every_concern_of_this_spec_is_done() {
        assert!(is_as_wanted(goal(4), &look(Site::built().status())));
        assert!(!is_as_wanted(goal(4), &look(Site::under_way().status())));
    }

    #[test]
    fn what_an_earlier_spec_reached_does_not_count() {
        assert!(!is_as_wanted(goal(5), &look(Site::built().status())));
    }

    #[test]
    fn a_plan_that_was_not_made_yet_is_not_as_wanted() {
        let mut status = Site::built().status();
        status.plan = Default::default();
        assert!(!is_as_wanted(goal(4), &look(status)));
    }
}
