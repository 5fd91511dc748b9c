//! Silence, and what peers say, to a condition with its evidence.

use super::{CONFIRM_MS, Condition, FRESH_MS, SILENT_MS, SUSPECT_MS, Sighting};
use crate::id::{MachineName, Time};
use crate::plan::Seen;

/// How a machine is, and why that is thought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// How it is.
    pub condition: Condition,
    /// One line for each observer.
    pub evidence: Vec<String>,
}

/// Judges a machine at `now`. Silence counts from its last word, or from `since`, when whoever judges began to listen.
pub fn judge(seen: Option<&Seen>, since: Time, now: Time) -> Judgement {
    let heard = seen.map_or(since, |s| s.heard.max(since));
    let silence = now.ms_since(heard);
    if silence < SUSPECT_MS {
        return Judgement { condition: Condition::Healthy, evidence: Vec::new() };
    }
    let own = format!("silent towards the leader for {} s", silence / 1000);
    if silence < SILENT_MS {
        return Judgement { condition: Condition::Suspect, evidence: vec![own] };
    }
    let fresh: Vec<_> =
        seen.iter().flat_map(|s| &s.sightings).filter(|(_, s)| now.ms_since(s.at) <= FRESH_MS).collect();
    let mut evidence = vec![own];
    evidence.extend(fresh.iter().map(|(peer, sighting)| told(peer, sighting)));
    Judgement { condition: confirmed(&fresh, now, &mut evidence), evidence }
}

/// Dead only where at least one peer has not reached it for some time, and none does.
fn confirmed(fresh: &[(&MachineName, &Sighting)], now: Time, evidence: &mut Vec<String>) -> Condition {
    if fresh.is_empty() {
        evidence.push("no other machine could be asked".to_owned());
        return Condition::Unreachable;
    }
    if fresh.iter().any(|(_, sighting)| sighting.reachable) {
        evidence.push("so its agent or the way to it is ill, not the machine".to_owned());
        return Condition::Unreachable;
    }
    if fresh.iter().all(|(_, sighting)| now.ms_since(sighting.since) < CONFIRM_MS) {
        evidence.push("they are asked again before that counts".to_owned());
        return Condition::Unreachable;
    }
    Condition::Dead
}

fn told(peer: &MachineName, sighting: &Sighting) -> String {
    let what = if sighting.reachable { "reaches it" } else { "does not reach it" };
    format!("{peer} {what} ({})", sighting.detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SINCE: Time = Time(1_000_000);

    /// Silent for so many milliseconds; what peers say, and how long ago.
    fn after(silence: u64, peers: &[(&str, bool, u64)]) -> Condition {
        let now = SINCE.plus_ms(silence);
        let sighting = |(name, reachable, age): &(&str, bool, u64)| {
            let at = Time(now.0 - age);
            let since = Time(at.0.saturating_sub(CONFIRM_MS));
            (MachineName::new(name).unwrap(), Sighting { at, since, reachable: *reachable, detail: String::new() })
        };
        let sightings = peers.iter().map(sighting).collect();
        let seen = Seen { heard: SINCE, connected: true, sightings, ..Seen::default() };
        judge(Some(&seen), Time(0), now).condition
    }

    #[test]
    fn silence_alone_never_says_dead() {
        for silence in [12_000, 60_000, 3_600_000] {
            assert_eq!(after(silence, &[]), Condition::Unreachable, "{silence}");
        }
    }

    #[test]
    fn one_lost_word_moves_nothing() {
        assert_eq!(after(3_999, &[("w1", false, 0)]), Condition::Healthy);
        assert_eq!(after(4_000, &[("w1", false, 0)]), Condition::Suspect);
        assert_eq!(after(11_999, &[("w1", false, 0)]), Condition::Suspect);
    }

    #[test]
    fn dead_needs_a_second_observer_and_none_who_sees_it() {
        assert_eq!(after(12_000, &[("w1", false, 0)]), Condition::Dead);
        assert_eq!(after(12_000, &[("w1", false, 0), ("m1", true, 0)]), Condition::Unreachable);
    }

    #[test]
    fn what_a_peer_said_long_ago_does_not_count() {
        assert_eq!(after(20_000, &[("w1", false, FRESH_MS + 1)]), Condition::Unreachable);
        assert_eq!(after(20_000, &[("w1", false, FRESH_MS), ("m1", true, FRESH_MS + 1)]), Condition::Dead);
    }

    #[test]
    fn one_answer_that_did_not_come_confirms_nothing() {
        let (now, peer) = (SINCE.plus_ms(60_000), MachineName::new("w1").unwrap());
        let mut seen = Seen { heard: SINCE, ..Seen::default() };
        for (ms, condition) in [(0, Condition::Unreachable), (5_999, Condition::Unreachable), (6_000, Condition::Dead)]
        {
            super::super::sighted(&mut seen.sightings, peer.clone(), (false, String::new()), now.plus_ms(ms));
            assert_eq!(judge(Some(&seen), Time(0), now.plus_ms(ms)).condition, condition, "{ms}");
        }
        super::super::sighted(&mut seen.sightings, peer.clone(), (true, String::new()), now.plus_ms(7_000));
        super::super::sighted(&mut seen.sightings, peer, (false, String::new()), now.plus_ms(8_000));
        assert_eq!(judge(Some(&seen), Time(0), now.plus_ms(8_000)).condition, Condition::Unreachable);
    }

    #[test]
    fn a_new_leader_counts_from_its_own_beginning() {
        let seen = Seen { heard: Time(5), ..Seen::default() };
        let judged = |seen, now: u64| judge(seen, SINCE, SINCE.plus_ms(now)).condition;
        assert_eq!(judged(Some(&seen), 1_000), Condition::Healthy);
        assert_eq!(judged(None, 1_000), Condition::Healthy);
        assert_eq!(judged(None, 12_000), Condition::Unreachable);
    }
}
