//! Healing: the screen, the list of decisions, one decision. Asks nobody.

use ha_domain::heal::{Decision, Fate, Gate, Outlook};
use ha_domain::view::HealingView;

use super::list::Column;
use super::text::{age, under, utc};

/// The columns of `hactl heal history`.
pub(crate) const COLUMNS: &[Column<Decision>] = &[
    Column::of("NO", |d| d.number.to_string()),
    Column::of("AT", |d| utc(d.at)),
    Column::of("FATE", |d| d.fate.word().to_owned()),
    Column::of("WHAT", |d| d.act.to_string()),
];

/// The whole screen.
pub(crate) fn screen(view: &HealingView) -> String {
    let mode = view.mode.map_or("off: no spec was applied yet", |m| m.as_str());
    let paused = view.paused.as_ref().map(|p| format!(", paused by {} at {}", p.by, utc(p.at))).unwrap_or_default();
    let mut text = format!("healing is {mode}{paused}; {} in the last 24 h\n", acts(view.acts_in_a_day));
    for (name, until) in &view.maintenance {
        text.push_str(&format!("{name} is in maintenance for {} more\n", age(until.ms_since(view.now))));
    }
    if view.ill.is_empty() {
        text.push_str("nobody is ill\n");
    }
    for outlook in &view.ill {
        text.push_str(&one(outlook, view));
    }
    for decision in view.decisions.iter().filter(|d| d.fate.is_open()) {
        text.push_str(&format!("\n{}\n", open(decision, view)));
    }
    text
}

fn acts(n: usize) -> String {
    super::text::count(n, "act")
}

fn one(outlook: &Outlook, view: &HealingView) -> String {
    let since = age(view.now.ms_since(outlook.since));
    let mut text = format!("\n{}   {} for {since}\n", outlook.machine, outlook.condition.word());
    text.push_str(&under("  ", &outlook.evidence));
    text.push_str(&under("  next: ", std::slice::from_ref(&outlook.text)));
    text
}

fn open(decision: &Decision, view: &HealingView) -> String {
    let number = decision.number;
    let when = match &decision.fate {
        Fate::Announced { until } => {
            format!("in {} unless you say `hactl heal veto {number}`", age(until.ms_since(view.now)))
        }
        Fate::Suggested => format!("once you say `hactl heal approve {number}`"),
        Fate::Shadow | Fate::Done { .. } | Fate::Vetoed { .. } | Fate::Withdrawn { .. } => decision.fate.word().into(),
    };
    format!("decision {number}: {}, {when}", decision.act)
}

/// All that is known of one decision.
pub(crate) fn explain(decision: &Decision) -> String {
    let mut text = format!("decision {}   {}   {}\n", decision.number, decision.act, utc(decision.at));
    text.push_str(&under("because   ", &decision.evidence));
    for gate in &decision.gates {
        text.push_str(&gated(gate));
    }
    text.push_str(&under("instead   ", &decision.rejected));
    text + &under("outcome   ", &[outcome(&decision.fate)])
}

fn gated(gate: &Gate) -> String {
    let lead = format!("gate      {:<12} {:<7}", gate.name, if gate.open { "open" } else { "closed" });
    under(&lead, std::slice::from_ref(&gate.text))
}

fn outcome(fate: &Fate) -> String {
    match fate {
        Fate::Announced { until } => format!("carried out at {} unless vetoed", utc(*until)),
        Fate::Suggested => "waits for a person's word".to_owned(),
        Fate::Shadow => "would have been carried out; policy.healing is shadow".to_owned(),
        Fate::Done { at } => format!("carried out at {}", utc(*at)),
        Fate::Vetoed { at, by } => format!("vetoed by {by} at {}", utc(*at)),
        Fate::Withdrawn { at, why } => format!("withdrawn at {}: {why}", utc(*at)),
    }
}
