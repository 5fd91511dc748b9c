//! Which steps decided how long it took: the chain that ends last, each link beginning because the one before it ended.
//!
//! Pure: steps in, links out. Links follow from times alone, so they are what happened, not what had to.

use ha_domain::id::Time;
use ha_domain::view::StepView;

/// Steps that end this close together were seen in one look of the coordinator, in milliseconds.
const SAME_LOOK_MS: u64 = 250;
/// A step that begins this long after its adoption waited for its machine, in milliseconds.
const QUEUED_MS: u64 = 500;

/// One step of the chain.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Link<'s> {
    /// The step.
    pub(crate) step: &'s StepView,
    /// Milliseconds from the end of the link before it (from the beginning, for the first) to its start.
    pub(crate) waited_ms: u64,
    /// Milliseconds from its start to its end.
    pub(crate) took_ms: u64,
}

/// When a step that has ended began and ended.
#[derive(Debug, Clone, Copy)]
struct Span<'s> {
    step: &'s StepView,
    start: Time,
    end: Time,
}

/// The chain among `steps`, first link first; empty when none has ended. `since` is when the work began.
pub(crate) fn critical_path(steps: &[StepView], since: Time) -> Vec<Link<'_>> {
    let spans: Vec<Span<'_>> = steps.iter().filter_map(span).collect();
    let mut chain: Vec<Span<'_>> = spans.iter().copied().max_by_key(order).into_iter().collect();
    while let Some(before) = chain.last().and_then(|link| before(*link, &spans)) {
        chain.push(before);
    }
    chain.reverse();
    let ends: Vec<Time> = std::iter::once(since).chain(chain.iter().map(|link| link.end)).collect();
    chain.into_iter().zip(ends).map(|(span, end)| link(span, end)).collect()
}

fn link(span: Span<'_>, after: Time) -> Link<'_> {
    Link { step: span.step, waited_ms: span.start.ms_since(after), took_ms: span.end.ms_since(span.start) }
}

fn span(step: &StepView) -> Option<Span<'_>> {
    let start = step.granted?;
    (!step.status.in_flight()).then(|| Span { step, start, end: step.status.at() })
}

/// Total, so that a chain cannot come back to where it was.
fn order<'s>(span: &Span<'s>) -> (Time, &'s str) {
    (span.end, span.step.id.as_str())
}

/// The step whose end let this one begin.
fn before<'s>(link: Span<'s>, spans: &[Span<'s>]) -> Option<Span<'s>> {
    let freed = freed_at(link, spans);
    let earlier = || spans.iter().filter(|s| s.end <= freed && order(s) < order(&link));
    let latest = earlier().map(|s| s.end).max()?;
    let together = earlier().filter(|s| s.end.plus_ms(SAME_LOOK_MS) >= latest);
    together.copied().max_by_key(|s| (s.step.machine == link.step.machine, order(s)))
}

/// When the step could begin: at its adoption, unless its machine was still busy with another.
fn freed_at(link: Span<'_>, spans: &[Span<'_>]) -> Time {
    let adopted = link.step.adopted;
    if link.start.ms_since(adopted) < QUEUED_MS {
        return adopted;
    }
    let on_machine = spans.iter().filter(|s| s.step.machine == link.step.machine);
    let busy = on_machine.filter(|s| s.end > adopted && s.end <= link.start).map(|s| s.end);
    busy.max().unwrap_or(adopted)
}

#[cfg(test)]
mod tests {
    use ha_domain::step::{Action, Echo, Status};

    use super::*;

    /// `name`: machine and what is done there; times in seconds: adopted, started, ended.
    fn step(name: &str, times: [u64; 3]) -> StepView {
        let [adopted, granted, end] = times.map(|s| Time(s * 1_000));
        StepView {
            id: name.to_owned(),
            machine: name.split('.').next().unwrap().to_owned(),
            action: Action::Echo(Echo { nonce: 0 }),
            why: String::new(),
            status: Status::Confirmed { at: end },
            adopted,
            granted: Some(granted),
            took_ms: Some(end.ms_since(granted)),
        }
    }

    fn chain(steps: &[StepView]) -> Vec<(&str, u64, u64)> {
        let links = critical_path(steps, Time(0));
        links.iter().map(|l| (l.step.id.as_str(), l.waited_ms, l.took_ms)).collect()
    }

    #[test]
    fn nothing_that_ended_is_no_path() {
        let mut running = step("m1.a", [0, 0, 9]);
        running.status = Status::Granted { at: Time(0) };
        assert_eq!(chain(&[running]), []);
        assert_eq!(chain(&[]), []);
    }

    #[test]
    fn the_chain_ends_with_the_last_step_and_goes_back_through_what_let_each_begin() {
        let steps = [
            step("m1.preflight", [1, 1, 3]),
            step("m2.preflight", [1, 1, 4]),
            step("lb1.haproxy", [1, 1, 9]),
            step("m1.images", [3, 3, 10]),
            step("m2.images", [4, 4, 6]),
            step("m1.node", [10, 11, 30]),
            step("m2.node", [30, 30, 40]),
        ];
        let expected = [
            ("m1.preflight", 1_000, 2_000),
            ("m1.images", 0, 7_000),
            ("m1.node", 1_000, 19_000),
            ("m2.node", 0, 10_000),
        ];
        assert_eq!(chain(&steps), expected);
    }

    #[test]
    fn of_steps_that_end_together_the_one_of_the_same_machine_is_the_cause() {
        let mut other = step("w9.base", [0, 0, 5]);
        other.status = Status::Confirmed { at: Time(5_100) };
        let mut next = step("m1.images", [5, 5, 8]);
        next.adopted = Time(5_110);
        let steps = [step("m1.base", [0, 0, 5]), other, next];
        assert_eq!(chain(&steps).first().unwrap().0, "m1.base");
    }

    #[test]
    fn a_step_that_queued_on_its_machine_waited_for_the_one_before_it() {
        let steps = [step("m1.long", [0, 0, 20]), step("m1.queued", [1, 20, 22]), step("m2.short", [0, 0, 1])];
        assert_eq!(chain(&steps), [("m1.long", 0, 20_000), ("m1.queued", 0, 2_000)]);
    }

    #[test]
    fn steps_without_any_length_do_not_send_it_in_circles() {
        let steps = [step("a.x", [1, 1, 1]), step("b.x", [1, 1, 1]), step("c.x", [1, 1, 1])];
        assert_eq!(chain(&steps).len(), 3);
    }
}
