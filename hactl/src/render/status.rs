//! The site on one screen, 100 columns wide.

use ha_domain::plan::Outcome;
use ha_domain::view::{MachineView, SiteStatus};

/// The whole screen.
pub(crate) fn screen(status: &SiteStatus) -> String {
    let mut text = String::new();
    let name = if status.name.is_empty() { "(no spec yet)" } else { &status.name };
    let spec = status.spec.as_ref().map_or_else(String::new, |s| {
        format!("   spec {} applied {} ago by {}", s.generation, age(status.now.ms_since(s.at)), s.by)
    });
    text.push_str(&format!("{name}   {}{spec}\n", status.health.word()));
    if !status.tolerates.is_empty() {
        text.push_str(&format!("tolerates {}\n", status.tolerates));
    }
    text.push_str(&format!("\n{:<15} {:<9} {}\n", "LAYER", "STATE", "DETAIL"));
    for layer in &status.layers {
        text.push_str(&format!("{:<15} {:<9} {}\n", layer.name, layer.health.word(), layer.detail));
    }
    text.push_str(&format!("\n{:<10} {:<14} {:<11} {:>5} {:>4} {:>4} {:>5}  {}\n", "MACHINE", "ROLE", "STATE", "SEEN", "CPU", "MEM", "DISK", "NOTE"));
    for machine in &status.machines {
        text.push_str(&row(machine));
    }
    text.push_str(&waiting(status));
    text
}

fn row(machine: &MachineView) -> String {
    let role = machine.role.map_or("-", |r| r.as_str());
    let seen = machine.seen_ms.map_or("-".to_owned(), age);
    let percent = |n: Option<u8>| n.map_or("-".to_owned(), |n| format!("{n}%"));
    let load = machine.load;
    format!(
        "{:<10} {:<14} {:<11} {:>5} {:>4} {:>4} {:>5}  {}\n",
        machine.name,
        role,
        machine.state.word(),
        seen,
        percent(load.map(|l| l.cpu_percent)),
        percent(load.map(|l| l.memory_percent)),
        percent(load.map(|l| l.disk_percent)),
        machine.note
    )
}

fn waiting(status: &SiteStatus) -> String {
    let mut text = String::new();
    for step in &status.running {
        text.push_str(&format!("  runs   {:<12} {:<18} {:>5}  {}\n", step.machine, step.component, age(step.ms), step.line));
    }
    for concern in &status.plan.concerns {
        let holds = matches!(concern.outcome, Outcome::Hold { .. });
        let word = if holds { "holds" } else { "waits" };
        for why in concern.waiting.iter().take(3) {
            text.push_str(&format!("  {word}  {:<16} {why}\n", concern.name));
        }
    }
    if text.is_empty() { text } else { format!("\nUNDER WAY\n{text}") }
}

/// `340 ms`, `12 s`, `5 min`, `3 h`, `2 d`.
pub(crate) fn age(ms: u64) -> String {
    match ms {
        0..1_000 => format!("{ms} ms"),
        1_000..120_000 => format!("{} s", ms / 1_000),
        120_000..7_200_000 => format!("{} min", ms / 60_000),
        7_200_000..172_800_000 => format!("{} h", ms / 3_600_000),
        _ => format!("{} d", ms / 86_400_000),
    }
}
