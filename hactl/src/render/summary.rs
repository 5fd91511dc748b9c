//! What an apply took: the time of each layer and the chain of steps that decided it.

use std::collections::BTreeMap;

use ha_domain::id::Time;
use ha_domain::view::StepView;

use super::action::{layer, what};
use super::list::grid;
use super::text::{WIDTH, clock, seconds};
use crate::critical::critical_path;

/// One layer's part.
#[derive(Debug, Default)]
struct Part {
    steps: usize,
    failed: usize,
    from: Option<Time>,
    to: Time,
}

/// The summary of steps that ended, for work that began at `since`; empty when there were none.
pub(crate) fn summary(steps: &[StepView], since: Time) -> String {
    let ended = |s: &&StepView| s.granted.is_some() && !s.status.in_flight();
    if !steps.iter().any(|s| ended(&s)) {
        return String::new();
    }
    let mut parts: BTreeMap<&str, Part> = BTreeMap::new();
    for step in steps.iter().filter(ended) {
        add(parts.entry(layer(&step.action)).or_default(), step);
    }
    let mut parts: Vec<_> = parts.into_iter().collect();
    parts.sort_by_key(|(_, part)| (part.from, part.to));
    let rows = parts.iter().map(|(name, part)| row(name, part, since));
    let header = ["LAYER", "STEPS", "TIME", "FROM", "TO", ""].map(str::to_owned).to_vec();
    let table = grid(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), WIDTH);
    format!("{table}\n{}", path(steps, since))
}

fn add(part: &mut Part, step: &StepView) {
    use ha_domain::step::Status as S;
    part.steps += 1;
    part.failed += usize::from(matches!(step.status, S::Failed { .. } | S::Expired { .. }));
    part.from = part.from.into_iter().chain(step.granted).min();
    part.to = part.to.max(step.status.at());
}

fn row(name: &str, part: &Part, since: Time) -> Vec<String> {
    let from = part.from.unwrap_or(since);
    let failed = if part.failed == 0 { String::new() } else { format!("{} failed and done again", part.failed) };
    vec![
        name.to_owned(),
        part.steps.to_string(),
        seconds(part.to.ms_since(from)),
        seconds(from.ms_since(since)),
        seconds(part.to.ms_since(since)),
        failed,
    ]
}

fn path(steps: &[StepView], since: Time) -> String {
    let links = critical_path(steps, since);
    let total: u64 = links.iter().map(|l| l.waited_ms + l.took_ms).sum();
    let rows = links.iter().map(|l| {
        let waited = if l.waited_ms < 100 { String::new() } else { format!("waited {}", seconds(l.waited_ms)) };
        vec![format!("  {}", l.step.machine), what(&l.step.action), seconds(l.took_ms), waited]
    });
    format!("critical path, {}:\n{}", clock(total), grid(&rows.collect::<Vec<_>>(), WIDTH))
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Site, check};
    use super::*;

    #[test]
    fn the_summary_of_a_site_that_was_built_looks_like_this() {
        let mut steps = Site::built().steps();
        // Laid end to end, so that there is a path.
        for (n, step) in steps.iter_mut().enumerate() {
            let at = |ms: u64| Time(1_000_000 + (n as u64 / 3) * 2_000 + ms);
            (step.adopted, step.granted) = (at(0), Some(at(20)));
            step.status = ha_domain::step::Status::Confirmed { at: at(1_500 + n as u64) };
        }
        check("summary", &summary(&steps, Time(1_000_000)));
    }

    #[test]
    fn nothing_done_is_no_summary() {
        assert_eq!(summary(&[], Time(0)), "");
    }
}
