//! The site on one screen, 100 columns wide.

use ha_domain::view::{Layer, MachineView, SiteStatus};

use super::list::grid;
use super::paint::Paint;
use super::reasons::reasons;
use super::text::{WIDTH, age, count, fit, under};

/// How many reasons fit on a screen.
const REASONS: usize = 16;

/// The whole screen.
pub(crate) fn screen(status: &SiteStatus, paint: Paint) -> String {
    let mut text = heading(status, paint);
    text.push_str(&layers(&status.layers, paint));
    text.push_str(&machines(&status.machines, paint));
    text.push_str(&healing(&status.healing, paint));
    text.push_str(&under_way(status, paint));
    text
}

fn heading(status: &SiteStatus, paint: Paint) -> String {
    let Some(spec) = &status.spec else {
        return "no spec was applied yet: `hactl spec init` writes one, `hactl apply -f cluster.yaml` applies it\n"
            .to_owned();
    };
    let health = paint.health(status.health, status.health.word());
    let applied = age(status.now.ms_since(spec.at));
    let name = paint.header(&status.name);
    let mut text = format!("{name}   {health}   spec {} applied {applied} ago by {}\n", spec.generation, spec.by);
    if !status.tolerates.is_empty() {
        text.push_str(&under("tolerates ", &[&status.tolerates]));
    }
    text
}

fn layers(layers: &[Layer], paint: Paint) -> String {
    if layers.is_empty() {
        return String::new();
    }
    let mut text = format!("\n{}\n", paint.header("LAYER           STATE     DETAIL"));
    for layer in layers {
        let lead = format!("{:<15} {:<9} ", fit(&layer.name, 15), layer.health.word());
        let body = under(&lead, &[&layer.detail]);
        let word = format!("{:<9}", layer.health.word());
        text.push_str(&body.replacen(&word, &paint.health(layer.health, &word), 1));
    }
    text
}

fn machines(machines: &[MachineView], paint: Paint) -> String {
    if machines.is_empty() {
        return "\nno machine has joined\n".to_owned();
    }
    let header = ["MACHINE", "ROLE", "STATE", "SEEN", "CPU", "MEM", "DISK", "NOTE"].map(str::to_owned).to_vec();
    let rows: Vec<_> = std::iter::once(header).chain(machines.iter().map(row)).collect();
    let table = grid(&rows, WIDTH);
    let mut lines = table.lines();
    let mut text = format!("\n{}\n", paint.header(lines.next().unwrap_or_default()));
    for (line, machine) in lines.zip(machines) {
        // The first column could be any word, so the state is looked for behind it.
        let (name, rest) = line.split_at(machine.name.len().min(line.len()));
        let word = machine.state.word();
        text.push_str(&format!("{name}{}\n", rest.replacen(word, &paint.machine(machine.state, word), 1)));
    }
    text
}

/// The cells of one machine.
pub(crate) fn row(machine: &MachineView) -> Vec<String> {
    let percent = |n: Option<u8>| n.map_or("-".to_owned(), |n| format!("{n}%"));
    vec![
        machine.name.clone(),
        machine.role.map_or("-", |r| r.as_str()).to_owned(),
        machine.state.word().to_owned(),
        seen(machine),
        percent(machine.load.map(|l| l.cpu_percent)),
        percent(machine.load.map(|l| l.memory_percent)),
        percent(machine.load.map(|l| l.disk_percent)),
        machine.note.clone(),
    ]
}

/// When it was last heard.
pub(crate) fn seen(machine: &MachineView) -> String {
    match machine.seen_ms {
        None => "-".to_owned(),
        Some(0) => "now".to_owned(),
        Some(ms) => age(ms),
    }
}

fn healing(lines: &[String], paint: Paint) -> String {
    let Some((first, ill)) = lines.split_first() else { return String::new() };
    let mut text = format!("\n{}  {first}\n", paint.header("HEALING"));
    ill.iter().for_each(|line| text.push_str(&under("  ", &[line])));
    text
}

fn under_way(status: &SiteStatus, paint: Paint) -> String {
    let reasons = reasons(&status.plan);
    if status.running.is_empty() && reasons.is_empty() {
        return String::new();
    }
    let (done, all) = status.plan.progress();
    let mut text = format!("\n{}   {done} of {all} as wanted\n", paint.header("UNDER WAY"));
    for step in &status.running {
        let lead = format!("  runs    {:<10} {:<16} {:>6}  ", step.machine, step.component, age(step.ms));
        text.push_str(fit(&format!("{lead}{}", step.line), WIDTH).trim_end());
        text.push('\n');
    }
    for reason in reasons.iter().take(REASONS) {
        text.push_str(&under(&format!("  {:<7} {:<16} ", reason.urgency.word(), reason.concern), &[reason.text()]));
    }
    if reasons.len() > REASONS {
        text.push_str(&format!("  and {} (`hactl status -o json`)\n", count(reasons.len() - REASONS, "more reason")));
    }
    text
}

/// What is said when nothing has to be done.
pub(crate) fn as_wanted(status: &SiteStatus) -> String {
    let newest = status.machines.iter().filter_map(|m| m.seen_ms).min();
    let newest = match newest {
        None => "no report yet".to_owned(),
        Some(0) => "newest report now".to_owned(),
        Some(ms) => format!("newest report {} ago", age(ms)),
    };
    format!("{} is as wanted ({} checked, {newest})\n", status.name, count(status.plan.progress().1 as usize, "fact"))
}

#[cfg(test)]
mod tests {
    use super::super::golden::{Site, check};
    use super::*;

    #[test]
    fn the_screen_of_a_site_under_way_looks_like_this() {
        check("status", &screen(&Site::under_way().status(), Paint::Plain));
    }

    #[test]
    fn the_screen_before_the_first_spec_says_how_to_begin() {
        let text = screen(&SiteStatus::default(), Paint::Plain);
        assert!(text.starts_with("no spec was applied yet: `hactl spec init`"), "{text}");
    }

    #[test]
    fn no_line_is_wider_than_the_screen_and_all_of_it_is_ascii() {
        let mut status = Site::under_way().status();
        status.layers[0].detail = "a long tale ".repeat(30);
        status.machines[0].note = "another ".repeat(30);
        let text = screen(&status, Paint::Plain);
        assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
        assert!(text.is_ascii());
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let status = Site::under_way().status();
        let coloured = screen(&status, Paint::Coloured);
        assert!(coloured.contains("\u{1b}[33m"), "{coloured}");
        assert_eq!(super::super::clean::clean(&coloured), screen(&status, Paint::Plain));
    }

    #[test]
    fn nothing_to_do_is_one_line() {
        let text = as_wanted(&Site::built().status());
        assert!(text.starts_with("acme is as wanted (") && text.ends_with(" checked, newest report now)\n"), "{text}");
    }
}
