//! One picture of the live view: a bar a layer, below it what runs, below it what waits. Pure: a screen in, lines out.

use ha_domain::plan::{ConcernReport, Outcome};
use ha_domain::view::SiteStatus;

use crate::render::reasons::reasons;
use crate::render::text::{clock, count, fit};

/// Cells of a bar.
const BAR: usize = 24;

/// How much can be shown.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    /// Lines.
    pub(super) rows: usize,
    /// Characters a line.
    pub(super) columns: usize,
}

/// The picture `later` milliseconds after the screen was computed, `elapsed` milliseconds after the view began.
pub(super) fn frame(status: &SiteStatus, (later, elapsed): (u64, u64), size: Size) -> Vec<String> {
    let room = size.rows.max(8) - 2;
    let (done, all) = status.plan.progress();
    let generation = status.spec.as_ref().map_or(0, |s| s.generation);
    let mut lines =
        vec![format!("{}   spec {generation}   {done} of {all} as wanted   {}", status.name, clock(elapsed))];
    let running: Vec<String> = status
        .running
        .iter()
        .map(|step| {
            let time = clock(if step.ms == 0 { 0 } else { step.ms + later });
            format!("  runs    {:<10} {:<16} {:>6}  {}", step.machine, step.component, time, step.line)
        })
        .collect();
    let waiting: Vec<String> = reasons(&status.plan)
        .iter()
        .map(|r| format!("  {:<7} {:<16} {}", r.urgency.word(), r.concern, r.text()))
        .collect();
    let bars = bars(&status.plan.concerns, room.saturating_sub(3 + running.len().min(6) + waiting.len().min(4)));
    lines.extend(bars);
    lines.extend(some(&running, (room.saturating_sub(lines.len() + waiting.len().min(4))).max(1)));
    lines.extend(some(&waiting, room.saturating_sub(lines.len()).max(1)));
    lines.iter().map(|line| fit(line.trim_end(), size.columns.saturating_sub(1))).collect()
}

/// A bar a concern; where there is too little room, those that are done share a line.
fn bars(concerns: &[ConcernReport], room: usize) -> Vec<String> {
    let wanted: Vec<&ConcernReport> = concerns.iter().filter(|c| c.all > 0).collect();
    if wanted.len() <= room {
        return wanted.into_iter().map(bar).collect();
    }
    let (done, open): (Vec<_>, Vec<_>) = wanted.into_iter().partition(|c| c.outcome == Outcome::Done);
    let mut lines = Vec::new();
    if !done.is_empty() {
        lines.push(format!("  {} done", count(done.len(), "layer")));
    }
    let open: Vec<String> = open.into_iter().map(bar).collect();
    lines.extend(some(&open, room.saturating_sub(lines.len()).max(1)));
    lines
}

fn bar(concern: &ConcernReport) -> String {
    let full = BAR * concern.done as usize / (concern.all as usize).max(1);
    let state = match &concern.outcome {
        Outcome::Done => "",
        Outcome::Proposed => "under way",
        Outcome::Waiting { .. } => "waits",
        Outcome::Hold { .. } => "HELD",
    };
    let cells = "#".repeat(full) + &".".repeat(BAR - full);
    format!("  {:<16} [{cells}] {:>3}/{:<3} {state}", concern.name, concern.done, concern.all)
}

/// As many lines as there is room for; the last one counts the rest.
fn some(lines: &[String], room: usize) -> Vec<String> {
    if lines.len() <= room {
        return lines.to_vec();
    }
    let shown = room.saturating_sub(1);
    let mut some = lines[..shown].to_vec();
    some.push(format!("  and {} more", lines.len() - shown));
    some
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::golden::{Site, check};

    #[test]
    fn the_live_picture_looks_like_this() {
        let lines = frame(&Site::under_way().status(), (500, 75_000), Size { rows: 60, columns: 100 });
        check("live", &(lines.join("\n") + "\n"));
    }

    #[test]
    fn the_picture_fits_every_terminal() {
        for rows in [8, 12, 24, 50] {
            let lines = frame(&Site::under_way().status(), (0, 0), Size { rows, columns: 60 });
            assert!(lines.len() < rows, "{} lines on {rows} rows: {lines:#?}", lines.len());
            assert!(lines.iter().all(|l| l.chars().count() < 60));
        }
    }
}
