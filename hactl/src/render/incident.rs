//! Incidents: the list, and one as a time line. Asks nobody.

use ha_domain::view::IncidentView;

use super::list::{Column, grid};
use super::text::{WIDTH, age, utc};

/// The columns of `hactl incident list`.
pub(crate) const COLUMNS: &[Column<IncidentView>] = &[
    Column::of("NO", |i| i.incident.number.to_string()),
    Column::of("BEGAN", |i| utc(i.incident.began)),
    Column::of("LASTED", lasted),
    Column::of("ILL", machines),
];

fn lasted(view: &IncidentView) -> String {
    match view.incident.ended {
        Some(ended) => age(ended.ms_since(view.incident.began)),
        None => format!("{}, goes on", age(view.now.ms_since(view.incident.began))),
    }
}

fn machines(view: &IncidentView) -> String {
    view.incident.machines.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// What happened, and how long after its beginning.
pub(crate) fn time_line(view: &IncidentView) -> String {
    let incident = &view.incident;
    let mut text = format!("incident {}   began {}   lasted {}\n", incident.number, utc(incident.began), lasted(view));
    let rows = view.events.iter().map(|event| {
        let after = event.at.ms_since(incident.began);
        let at = format!("+{}.{} s", after / 1000, after % 1000 / 100);
        vec![at, event.kind.word().to_owned(), event.by.clone(), event.text.clone()]
    });
    text.push_str(&grid(&rows.collect::<Vec<_>>(), WIDTH * 2));
    text
}
