//! How many machines are prepared at once, and what waits for the clock.

use super::*;
use crate::step::CLOCK_FACT;

fn limited(limit: u16) -> Site {
    let mut site = Site::new(&format!("{SITE}artifacts: {{parallel: {limit}}}\n"));
    for step in site.plan().steps {
        forecast::take_for_done(&mut site.state, &mut site.observed, &step, site.now);
    }
    site
}

/// Machines that get a step now.
fn busy(site: &Site) -> Vec<String> {
    let names: std::collections::BTreeSet<_> = site.plan().steps.iter().map(|s| s.name.to_string()).collect();
    names.into_iter().collect()
}

#[test]
fn those_are_prepared_first_that_others_wait_for() {
    assert_eq!(Site::new(SITE).plan().steps.len(), 8, "the first look takes no turn");
    assert_eq!(busy(&limited(2)), ["lb1", "m1"]);
    assert_eq!(busy(&limited(4)), ["lb1", "m1", "m2", "w1"]);
    let waiting = limited(2).plan().report.concerns[1].waiting.clone();
    assert_eq!(waiting[0], "lb2: waits for its turn to be prepared (artifacts.parallel)");
}

#[test]
fn a_limited_site_is_built_to_the_end() {
    let mut site = limited(1);
    site.settle(|_| ());
    assert!(site.plan().report.converged(), "{:#?}", site.plan().report);
}

#[test]
fn a_silent_or_failed_machine_holds_nobody_up() {
    let mut site = limited(2);
    let m1 = site.id("m1");
    site.observed.get_mut(&m1).unwrap().connected = false;
    assert_eq!(busy(&site), ["lb1", "m2"]);
    let step = site.plan().steps.into_iter().find(|s| s.name.as_str() == "lb1").unwrap();
    let status = Status::Failed { at: site.now, error: "disk full".into() };
    let record = StepRecord { step: step.clone(), status, index: 1, adopted: site.now, granted: Some(site.now) };
    site.state.journal.insert(step.id, record);
    assert!(busy(&site).contains(&"w1".to_owned()), "{:?}", busy(&site));
}

#[test]
fn a_master_that_is_about_to_join_takes_a_turn() {
    let mut site = limited(3);
    assert_eq!(busy(&site), ["lb1", "m1", "m2"]);
    for _ in 0..4 {
        let own = site.plan().steps.into_iter().filter(|s| s.name.as_str() == "m1" && s.component() != Component::Node);
        own.for_each(|s| forecast::take_for_done(&mut site.state, &mut site.observed, &s, site.now));
    }
    // The next in turn, w1, would be the third.
    assert_eq!(busy(&site), ["lb1", "m2"]);
    let id = site.id("m1");
    site.observed.get_mut(&id).unwrap().connected = false;
    assert_eq!(busy(&site), ["lb1", "m2", "w1"]);
}

/// What the first look found of the clock, in milliseconds.
fn clock(site: &mut Site, name: &str, off: u64) {
    let id = site.id(name);
    let report = &mut site.observed.get_mut(&id).unwrap().report;
    let look = report.components.get_mut(&Component::Preflight).unwrap();
    look.facts.insert(CLOCK_FACT.to_owned(), off.to_string());
}

#[test]
fn chrony_comes_after_the_joins_where_the_clock_is_right_and_before_it_where_it_is_not() {
    for (off, chrony_first) in [(500, false), (501, true)] {
        let mut site = limited(8);
        for name in ["m1", "m2", "m3", "w1", "w2"] {
            clock(&mut site, name, off);
        }
        let mut order = Vec::new();
        site.settle(|steps| order.extend(steps.iter().map(|s| (s.name.to_string(), s.component()))));
        let place = |name: &str, c| order.iter().position(|o| *o == (name.to_owned(), c)).unwrap();
        let (time, own, last) =
            (place("w1", Component::Time), place("w1", Component::Node), place("m3", Component::Node));
        assert_eq!(time < own, chrony_first, "{off}: {order:?}");
        assert_eq!(time < last, chrony_first, "{off}: {order:?}");
        assert!(site.plan().report.converged());
    }
}
