//! What would be done: waves of steps, machines that do the same together, and what each waits for.

use std::collections::BTreeSet;

use ha_domain::plan::{Forecast, Wave};
use ha_domain::view::PlanView;

use super::action::{is_destructive, what};
use super::list::grid;
use super::names::ranges;
use super::reasons::{reasons, waited};
use super::text::{WIDTH, count, wrap};

/// Machines that do the same in a wave.
#[derive(Debug, PartialEq, Eq)]
struct Group {
    machines: Vec<String>,
    does: Does,
}

/// What they do, why where that is not plain, and what they waited for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Does {
    what: Vec<String>,
    why: Vec<String>,
    waits: Vec<String>,
}

/// The plan for people. `next` says how to go on.
pub(crate) fn plan(view: &PlanView, next: &str) -> String {
    let mut text = heading(view);
    let everyone: BTreeSet<&str> = view.forecast.waves.iter().flat_map(|w| &w.steps).map(|s| s.name.as_str()).collect();
    let waves: Vec<Vec<Group>> = view.forecast.waves.iter().map(groups).collect();
    let named = |g: &Group| names(&g.machines, &everyone);
    let widest = waves.iter().flatten().map(|g| named(g).chars().count()).max().unwrap_or(0).min(24);
    for (n, groups) in waves.iter().enumerate() {
        for (g, group) in groups.iter().enumerate() {
            let lead = if g == 0 { format!("wave {}", n + 1) } else { String::new() };
            text.push_str(&line(&format!("  {lead:<8} {:<widest$}  ", named(group)), &group.does));
        }
    }
    text.push_str(&rest(&view.forecast));
    text.push_str(&footer(view, next));
    text
}

/// One line a step, with why it is done and what it waited for.
pub(crate) fn wide(view: &PlanView) -> String {
    let header = ["WAVE", "MACHINE", "WHAT", "WHY", "WAITED FOR"].map(str::to_owned).to_vec();
    let of_wave = |(n, wave): (usize, &Wave)| {
        let steps = wave.steps.iter().zip(&wave.reasons).enumerate();
        let row = |(i, (step, why)): (usize, (&ha_domain::step::Step, &String))| {
            let waited = wave.waited.get(i).cloned().unwrap_or_default();
            vec![(n + 1).to_string(), step.name.to_string(), what(&step.action), why.clone(), waited]
        };
        steps.map(row).collect::<Vec<_>>()
    };
    let rows = view.forecast.waves.iter().enumerate().flat_map(of_wave);
    grid(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), usize::MAX)
}

fn heading(view: &PlanView) -> String {
    let missing = &view.not_joined;
    let mut text =
        format!("{}: {}, {} enrolled", view.name, count(view.machines, "machine"), view.machines - missing.len());
    if let Some(first) = missing.first() {
        let have = if missing.len() == 1 { "has" } else { "have" };
        let all = ranges(missing);
        text.push_str(&format!(
            ", {} unknown ({all} {have} not joined: `hactl token create --name {first}` makes a join string)",
            missing.len()
        ));
    }
    hanging(&text, 0)
}

/// A text in lines; those after the first are indented by two more than `indent`.
fn hanging(text: &str, indent: usize) -> String {
    let lines = wrap(text, WIDTH - indent - 2);
    let line = |(n, line): (usize, &String)| format!("{}{line}\n", " ".repeat(indent + if n == 0 { 0 } else { 2 }));
    lines.iter().enumerate().map(line).collect()
}

fn line(lead: &str, does: &Does) -> String {
    let mut what = does.what.join(", ");
    if !does.why.is_empty() {
        what.push_str(&format!(" ({})", does.why.join("; ")));
    }
    let indent = lead.chars().count();
    let mut lines = wrap(&what, WIDTH.saturating_sub(indent).max(30));
    if !does.waits.is_empty() {
        let waits = format!("waits for: {}", does.waits.join(", "));
        match lines.last_mut() {
            Some(last) if indent + last.chars().count() + 3 + waits.chars().count() <= WIDTH => {
                last.push_str(&format!("   {waits}"));
            }
            Some(_) | None => lines.extend(wrap(&waits, WIDTH.saturating_sub(indent).max(30))),
        }
    }
    let lead_of = |n: usize| if n == 0 { lead.to_owned() } else { " ".repeat(indent) };
    lines.iter().enumerate().map(|(n, line)| format!("{}{line}\n", lead_of(n))).collect()
}

/// The wave's machines in the order of their first step, those that do the same together.
fn groups(wave: &Wave) -> Vec<Group> {
    let mut machines: Vec<(String, Does)> = Vec::new();
    for (n, step) in wave.steps.iter().enumerate() {
        let name = step.name.as_str();
        if machines.iter().all(|(m, _)| m != name) {
            machines.push((name.to_owned(), Does::default()));
        }
        let Some((_, does)) = machines.iter_mut().find(|(m, _)| m == name) else { continue };
        does.what.push(what(&step.action));
        note(&mut does.why, wave.reasons.get(n).filter(|why| !why.ends_with("is not there yet")).cloned());
        note(&mut does.waits, wave.waited.get(n).map(|why| waited(why)));
    }
    let mut groups: Vec<Group> = Vec::new();
    for (machine, does) in machines {
        match groups.iter_mut().find(|g| g.does == does) {
            Some(group) => group.machines.push(machine),
            None => groups.push(Group { machines: vec![machine], does }),
        }
    }
    groups
}

fn note(all: &mut Vec<String>, one: Option<String>) {
    all.extend(one.filter(|text| !text.is_empty() && !all.contains(text)));
}

fn names(machines: &[String], everyone: &BTreeSet<&str>) -> String {
    if machines.len() == everyone.len() && machines.len() > 1 { "all".to_owned() } else { ranges(machines) }
}

fn rest(forecast: &Forecast) -> String {
    let reasons = reasons(&forecast.rest);
    if reasons.is_empty() {
        return String::new();
    }
    let mut text = "will still wait:\n".to_owned();
    for reason in reasons.iter().take(12) {
        text.push_str(&hanging(&format!("{}: {}", reason.concern, reason.text()), 2));
    }
    if reasons.len() > 12 {
        text.push_str(&format!("  and {}\n", count(reasons.len() - 12, "more reason")));
    }
    text
}

/// What would be taken away: `drain w2`, `remove w2 from the cluster`.
pub(crate) fn destructive(forecast: &Forecast) -> Vec<String> {
    let steps = forecast.waves.iter().flat_map(|w| &w.steps);
    steps.filter(|s| is_destructive(&s.action)).map(|s| what(&s.action)).collect()
}

fn footer(view: &PlanView, next: &str) -> String {
    let forecast = &view.forecast;
    let steps = forecast.waves.iter().map(|w| w.steps.len()).sum::<usize>();
    if steps == 0 {
        let done = forecast.rest.converged();
        return format!("{}\n", if done { "nothing to do" } else { "nothing can be done before that" });
    }
    let machines: BTreeSet<_> = forecast.waves.iter().flat_map(|w| &w.steps).map(|s| &s.name).collect();
    let taken = destructive(forecast);
    let taken =
        if taken.is_empty() { "nothing destructive".to_owned() } else { format!("DESTRUCTIVE: {}", taken.join(", ")) };
    let next = if next.is_empty() { String::new() } else { format!(". {next}") };
    format!("{} on {}; {taken}{next}\n", count(steps, "step"), count(machines.len(), "machine"))
}

#[cfg(test)]
mod tests {
    use super::super::golden;
    use super::*;

    #[test]
    fn the_plan_of_a_fresh_site_looks_like_this() {
        let site = golden::Site::fresh();
        golden::check("plan", &plan(&site.plan(), "Apply with `hactl apply -f cluster.yaml`"));
    }

    #[test]
    fn a_plan_says_who_has_not_joined_and_what_will_wait() {
        golden::check("plan-not-joined", &plan(&golden::Site::without(&["w2", "db1"]).plan(), ""));
    }

    #[test]
    fn a_plan_that_takes_a_machine_out_says_so() {
        let text = plan(&golden::Site::built().removing("w2").plan(), "");
        assert!(text.contains("DESTRUCTIVE: drain w2, remove w2 from the cluster"), "{text}");
    }

    #[test]
    fn a_site_that_is_as_wanted_has_an_empty_plan() {
        let text = plan(&golden::Site::built().plan(), "Apply with x");
        assert_eq!(text, "acme: 8 machines, 8 enrolled\nnothing to do\n");
    }
}
