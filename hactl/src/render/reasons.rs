//! Why things wait or are held: each reason once, with all machines it stops, the most pressing first.

use ha_domain::plan::{ConcernReport, Outcome, PlanReport};

use super::names::ranges;

/// How pressing a reason is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Urgency {
    /// Nothing may go on behind it.
    Holds,
    /// It was tried and failed.
    Failed,
    /// Something from outside the plan has to happen.
    Waits,
    /// An earlier step has to end: the usual course of things.
    Needs,
}

impl Urgency {
    /// One word for screens.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Holds => "HELD",
            Self::Failed => "FAILED",
            Self::Waits | Self::Needs => "waits",
        }
    }
}

/// Why something waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reason {
    /// How pressing it is.
    pub(crate) urgency: Urgency,
    /// The first concern that it stops.
    pub(crate) concern: String,
    /// The machines that it stops; one entry may be `m1 or m2`.
    machines: Vec<String>,
    /// In words, without the machines.
    why: String,
}

impl Reason {
    /// `m1..m3 w1: needs base`.
    pub(crate) fn text(&self) -> String {
        match ranges(&self.machines).as_str() {
            "" => self.why.clone(),
            machines => format!("{machines}: {}", self.why),
        }
    }
}

/// Every reason of a report once.
pub(crate) fn reasons(report: &PlanReport) -> Vec<Reason> {
    let mut all: Vec<Reason> = Vec::new();
    for concern in &report.concerns {
        let held = match &concern.outcome {
            Outcome::Hold { why } => Some(why),
            Outcome::Done | Outcome::Proposed | Outcome::Waiting { .. } => None,
        };
        let waiting = concern.waiting.iter().filter(|why| Some(*why) != held);
        held.into_iter().for_each(|why| add(&mut all, reason(concern, why, Some(Urgency::Holds))));
        waiting.for_each(|why| add(&mut all, reason(concern, why, None)));
    }
    all.sort_by_key(|r| r.urgency);
    all
}

/// A reason of this urgency, or of the one its words tell.
fn reason(concern: &ConcernReport, text: &str, urgency: Option<Urgency>) -> Reason {
    let (machine, why) = split(text);
    let machines = machine.into_iter().map(str::to_owned).collect();
    Reason { urgency: urgency.unwrap_or_else(|| told(&why)), concern: concern.name.clone(), machines, why }
}

fn told(why: &str) -> Urgency {
    if why.contains(" failed ") {
        Urgency::Failed
    } else if why.starts_with("needs ") {
        Urgency::Needs
    } else {
        Urgency::Waits
    }
}

/// The machine a reason begins with, and the reason in the words that all machines share.
fn split(text: &str) -> (Option<&str>, String) {
    match text.split_once(": ") {
        Some(("", why)) => (None, why.to_owned()),
        Some((machine, why)) if machine.split(" or ").all(|m| !m.contains(' ')) => {
            (Some(machine), own(why, machine).replace(&format!("--name {machine}`"), "--name NAME`"))
        }
        Some(_) | None => (None, text.to_owned()),
    }
}

/// `needs base on m1` is `needs base` on m1's own line.
fn own(why: &str, machine: &str) -> String {
    let on = format!(" on {machine}");
    if why.starts_with("needs ") { why.strip_suffix(&on).unwrap_or(why).to_owned() } else { why.to_owned() }
}

/// What one step waited for, seen from its machine: `base`, `haproxy on lb1`.
pub(crate) fn waited(text: &str) -> String {
    let (_, why) = split(text);
    why.strip_prefix("needs ").map_or(why.clone(), str::to_owned)
}

/// The same reason for another machine joins the one that is there.
fn add(all: &mut Vec<Reason>, new: Reason) {
    // What an earlier step holds up is told for each concern, all else once.
    let same = |r: &&mut Reason| {
        r.why == new.why && r.urgency == new.urgency && (r.urgency != Urgency::Needs || r.concern == new.concern)
    };
    match all.iter_mut().find(same) {
        Some(old) => {
            let more = new.machines.into_iter().filter(|m| !old.machines.contains(m)).collect::<Vec<_>>();
            old.machines.extend(more);
        }
        None => all.push(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn concern(name: &str, waiting: &[&str]) -> serde_json::Value {
        let outcome = serde_json::json!({"outcome": "waiting", "why": waiting[0]});
        serde_json::json!({"name": name, "done": 0, "all": 3, "outcome": outcome, "waiting": waiting})
    }

    fn lines(concerns: &[serde_json::Value]) -> Vec<String> {
        let report = serde_json::from_value(serde_json::json!({"concerns": concerns})).unwrap();
        reasons(&report).iter().map(|r| format!("{} {}: {}", r.urgency.word(), r.concern, r.text())).collect()
    }

    #[test]
    fn what_failed_comes_first_what_only_takes_its_turn_last_and_nothing_comes_twice() {
        let base = concern("base", &["w1: needs preflight on w1", "w2: silent"]);
        let workers = concern("workers", &["w2: silent", "m1: node failed 3 times, next try in 9 s: no disk"]);
        let expected = [
            "FAILED workers: m1: node failed 3 times, next try in 9 s: no disk",
            "waits base: w2: silent",
            "waits base: w1: needs preflight",
        ];
        assert_eq!(lines(&[base, workers]), expected);
    }

    #[test]
    fn machines_with_the_same_reason_share_a_line() {
        let join = |m: &str| format!("{m}: has not joined: run it (`hactl token create --name {m}` makes one)");
        let (one, two) = (join("s1"), join("db1"));
        let base = concern("base", &["m1: needs x on m1", "m2: needs x on m2", "m3: needs x on m3", &one, &two]);
        let expected = [
            "waits base: s1 db1: has not joined: run it (`hactl token create --name NAME` makes one)",
            "waits base: m1..m3: needs x",
        ];
        assert_eq!(lines(&[base]), expected);
    }

    #[test]
    fn a_reason_without_a_machine_stands_alone() {
        assert_eq!(
            lines(&[concern("network", &[": not begun", "m1 or m2: needs y"])]),
            ["waits network: not begun", "waits network: m1 or m2: needs y"]
        );
    }

    #[test]
    fn a_step_waits_for_its_own_machines_parts_by_their_short_name() {
        assert_eq!(waited("m1: needs base on m1"), "base");
        assert_eq!(waited("m1: needs keepalived on lb1 or lb2"), "keepalived on lb1 or lb2");
        assert_eq!(waited("m2: masters join one at a time: m1 is next"), "masters join one at a time: m1 is next");
    }
}
