//! What losses break: a table of layers for one, a line each for all. 100 columns wide, plain ASCII.

use ha_domain::id::MachineName;
use ha_domain::whatif::{Absent, DataLoss, LayerKind, LayerLoss, Score, SingleLoss, Taken, VipLoss, WhatIf};

use super::list::grid;
use super::paint::Paint;
use super::text::{WIDTH, age, count, under};

/// One loss in full.
pub(crate) fn loss(told: &WhatIf, paint: Paint) -> String {
    let mut text = format!("{}   if {} lost\n", paint.header(&told.site), subject(&told.lost));
    text.push_str(&absent(&told.absent));
    text.push_str(&format!("\n{}\n", paint.header("LAYER           THEN      WHY")));
    told.layers.iter().for_each(|l| text.push_str(&layer(l, paint)));
    text.push_str(&vips(&told.vips, paint));
    text.push_str(&gone(&told.data, paint));
    text + &safe(&told.safe)
}

fn gone(data: &[DataLoss], paint: Paint) -> String {
    if data.is_empty() {
        return String::new();
    }
    let lines = data.iter().map(|d| under(&format!("{:<15} ", d.layer.word()), &[&d.detail]));
    format!("\n{}\n{}", paint.header("GONE IF THEY NEVER RETURN"), lines.collect::<String>())
}

fn subject(lost: &[MachineName]) -> String {
    let verb = if lost.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", joined(lost))
}

fn joined(names: &[MachineName]) -> String {
    match names {
        [] => "nothing".to_owned(),
        [one] => one.to_string(),
        [first @ .., last] => {
            format!("{} and {last}", first.iter().map(MachineName::as_str).collect::<Vec<_>>().join(", "))
        }
    }
}

fn absent(absent: &[Absent]) -> String {
    if absent.is_empty() {
        return String::new();
    }
    let told: Vec<String> = absent.iter().map(|a| format!("{} ({})", a.name, a.why)).collect();
    under("lost already: ", &[told.join(", ")])
}

fn layer(layer: &LayerLoss, paint: Paint) -> String {
    let (name, word) = (layer.layer.word(), layer.verdict.word());
    let body = under(&format!("{name:<15} {word:<9} "), &[&layer.detail]);
    // The name of a layer is no verdict, so the first one found is the column's.
    body.replacen(word, &paint.verdict(layer.verdict, word), 1)
}

fn vips(vips: &[VipLoss], paint: Paint) -> String {
    let header = ["VIP", "ADDRESS", "NOW ON", "THEN ON"].map(str::to_owned).to_vec();
    let rows = vips.iter().map(|v| vec![v.name.clone(), v.address.to_string(), on(&v.today, "and"), on(&v.then, "or")]);
    let table = grid(&std::iter::once(header).chain(rows).collect::<Vec<_>>(), WIDTH);
    let (first, rest) = table.split_once('\n').unwrap_or_default();
    format!("\n{}\n{rest}", paint.header(first))
}

fn on(machines: &[MachineName], word: &str) -> String {
    let names: Vec<&str> = machines.iter().map(MachineName::as_str).collect();
    if names.is_empty() { "no machine".to_owned() } else { names.join(&format!(" {word} ")) }
}

fn safe(safe: &[MachineName]) -> String {
    let text = match safe {
        [] => "no further machine without breaking more".to_owned(),
        [one] => one.to_string(),
        some => format!("{} (each alone, not together)", joined(some)),
    };
    format!("\n{}", under("may be switched off then: ", &[&text]))
}

/// Each loss alone.
pub(crate) fn score(told: &Score, paint: Paint) -> String {
    let points = match told.points {
        0 => "no single point of failure".to_owned(),
        n => count(n, "single point") + " of failure",
    };
    let mut text = format!("{}   {points}\n", paint.header(&told.site));
    text.push_str(&absent(&told.absent));
    if !told.lost_already.is_empty() {
        text.push_str(&under("does not serve already: ", &[words(&told.lost_already)]));
    }
    let widest = told.losses.iter().map(|l| l.name.chars().count()).max().unwrap_or_default().clamp(9, 40);
    let header = format!("{:>5}  {:<widest$}  {:<13}  WHAT ITS LOSS COSTS", "SCORE", "LOSS OF", "ROLE");
    text.push_str(&format!("\n{}\n", paint.header(&header)));
    for loss in &told.losses {
        let lead = format!("{:>5}  {:<widest$}  {:<13}  ", loss.score, loss.name, role(&loss.what));
        text.push_str(&under(&lead, &[cost(loss)]));
    }
    text + "\n`hactl whatif --lose NAME` says why\n"
}

fn role(what: &Taken) -> &'static str {
    match what {
        Taken::Machine { role } => role.as_str(),
        Taken::Hypervisor { .. } => "hypervisor",
    }
}

fn cost(loss: &SingleLoss) -> String {
    let mut parts = Vec::new();
    if !loss.lost.is_empty() {
        parts.push(format!("lost: {}", words(&loss.lost)));
    }
    parts.extend(loss.data.iter().map(data));
    if loss.interrupts {
        parts.push("Joget is interrupted".to_owned());
    }
    if !loss.degraded.is_empty() {
        parts.push(format!("degraded: {}", words(&loss.degraded)));
    }
    match (parts.is_empty(), loss.absent) {
        (true, true) => "is not there already".to_owned(),
        (true, false) => "nothing".to_owned(),
        (false, _) => parts.join("; "),
    }
}

fn data(data: &DataLoss) -> String {
    match data.window_ms {
        Some(ms) => format!("gone: {} of the {}", age(ms), data.layer.word()),
        None => format!("gone: all of the {}", data.layer.word()),
    }
}

fn words(layers: &[LayerKind]) -> String {
    layers.iter().map(|l| l.word()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::clean::clean;
    use super::super::golden::{Site, check};
    use super::*;

    #[test]
    fn one_loss_looks_like_this() {
        check("whatif", &loss(&Site::running().what_if(&["m1", "lb1"]), Paint::Plain));
    }

    #[test]
    fn a_loss_on_top_of_a_silent_machine_with_data_looks_like_this() {
        check("whatif-bad-day", &loss(&Site::running().silent("m3").what_if(&["m2", "db1", "w1"]), Paint::Plain));
    }

    #[test]
    fn the_score_of_the_site_looks_like_this() {
        check("whatif-score", &score(&Site::running().silent("m3").score(), Paint::Plain));
    }

    #[test]
    fn no_line_is_wider_than_the_screen_and_all_of_it_is_ascii() {
        let site = Site::running().silent("m3");
        for text in [loss(&site.what_if(&["m2", "db1", "w1"]), Paint::Plain), score(&site.score(), Paint::Plain)] {
            assert!(text.lines().all(|l| l.chars().count() <= WIDTH), "{text}");
            assert!(text.is_ascii());
        }
    }

    #[test]
    fn colours_change_nothing_but_the_colour() {
        let told = Site::running().what_if(&["m1", "m2"]);
        let coloured = loss(&told, Paint::Coloured);
        assert!(coloured.contains("\u{1b}[31mlost\u{1b}[0m"), "{coloured}");
        assert_eq!(clean(&coloured), loss(&told, Paint::Plain));
    }
}
