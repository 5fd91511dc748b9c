//! The live view where there is no terminal: one line for each step that ended, and from time to time what waits.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use ha_domain::id::Time;
use ha_domain::step::Status;
use ha_domain::view::{SiteStatus, StepView};

use super::looks::{Detail, Look};
use super::{Before, View};
use crate::exit::Failure;
use crate::render::action::what;
use crate::render::clean::line;
use crate::render::reasons::{Urgency, reasons};
use crate::render::text::{age, count, seconds};
use crate::voice::Voice;

/// When nothing ended for this long, what runs and waits is told.
const QUIET: Duration = Duration::from_secs(30);

/// Tells line by line.
pub(super) struct Lines {
    voice: Voice,
    told: Before,
    began: Option<Time>,
    spoke: Instant,
    last: Option<SiteStatus>,
    held: BTreeSet<String>,
    is_lost: bool,
}

impl Lines {
    pub(super) fn new(voice: Voice, told: Before) -> Self {
        Self { voice, told, began: None, spoke: Instant::now(), last: None, held: BTreeSet::new(), is_lost: false }
    }

    fn say(&mut self, text: &str) {
        self.voice.say(text);
        self.spoke = Instant::now();
    }

    fn tell_stand(&mut self, status: &SiteStatus) {
        self.say(&stand(status));
    }
}

/// One line for a step that ended.
fn ended(step: &StepView, began: Time) -> String {
    let (at, machine, what) = (step.status.at(), &step.machine, what(&step.action));
    let took = step.took_ms.map_or_else(String::new, |ms| format!(" after {}", seconds(ms)));
    let how = match &step.status {
        Status::Confirmed { .. } => step.took_ms.map_or("done".to_owned(), |ms| format!("done in {}", seconds(ms))),
        Status::Failed { error, .. } => format!("FAILED{took}: {}", line(error)),
        Status::Expired { .. } => format!("EXPIRED{took}: no word from the agent by its deadline"),
        Status::Cancelled { .. } => "withdrawn before its start".to_owned(),
        Status::Adopted { .. } | Status::Granted { .. } | Status::Succeeded { .. } => "under way".to_owned(),
    };
    format!("{:>8}  {machine:<10} {what:<28} {how}\n", seconds(at.ms_since(began)))
}

/// What runs and what waits, in a few lines.
fn stand(status: &SiteStatus) -> String {
    let (done, all) = status.plan.progress();
    let mut text = format!("          {done} of {all} as wanted\n");
    for step in status.running.iter().take(6) {
        let tale = format!("{} {} for {}  {}", step.machine, step.component, age(step.ms), step.line);
        text.push_str(&format!("            runs    {}\n", tale.trim_end()));
    }
    let reasons = reasons(&status.plan);
    for reason in reasons.iter().take(8) {
        text.push_str(&format!(
            "            {:<7} {}: {}\n",
            reason.urgency.word(),
            reason.concern,
            line(&reason.text())
        ));
    }
    if reasons.len() > 8 {
        text.push_str(&format!("            and {}\n", count(reasons.len() - 8, "more reason")));
    }
    text
}

impl View for Lines {
    fn detail(&self) -> Detail {
        Detail::Steps
    }

    fn look(&mut self, look: &Look) {
        let began = *self.began.get_or_insert(look.status.now);
        if std::mem::take(&mut self.is_lost) {
            self.say("          a coordinator tells again\n");
        }
        let mut new: Vec<_> =
            look.steps.iter().filter(|s| !s.status.in_flight() && !self.told.0.contains(&s.id)).collect();
        new.sort_by_key(|s| (s.status.at(), s.id.clone()));
        for step in new {
            self.say(&ended(step, began));
            self.told.0.insert(step.id.clone());
        }
        for reason in reasons(&look.status.plan).iter().filter(|r| r.urgency == Urgency::Holds) {
            if self.held.insert(reason.text()) {
                self.say(&format!("          HELD  {}: {}\n", reason.concern, line(&reason.text())));
            }
        }
        // Nothing runs and nothing will: say at once why.
        let stuck =
            look.status.running.is_empty() && !look.status.plan.concerns.is_empty() && !look.status.plan.converged();
        if stuck && self.last.as_ref().is_none_or(|l| !l.running.is_empty() || l.plan.concerns.is_empty()) {
            self.tell_stand(&look.status);
        }
        self.last = Some(look.status.clone());
    }

    fn tick(&mut self) {
        if self.spoke.elapsed() > QUIET
            && let Some(status) = self.last.clone()
        {
            self.tell_stand(&status);
        }
    }

    fn lost(&mut self, why: &Failure) {
        if !std::mem::replace(&mut self.is_lost, true) {
            self.say(&format!("          no coordinator tells at the moment, trying on: {why}\n"));
        }
    }

    fn close(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::golden::{Site, check};

    #[test]
    fn the_lines_of_ended_steps_and_the_stand_look_like_this() {
        let site = Site::under_way();
        let steps = site.steps();
        let lines = steps.iter().filter(|s| !s.status.in_flight()).map(|s| ended(s, Time(s.adopted.0 - 1_000)));
        check("lines", &(lines.collect::<String>() + &stand(&site.status())));
    }
}
