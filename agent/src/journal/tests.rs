//! The journal after crashes and damage.

use std::collections::BTreeMap;
use std::path::Path;

use ha_domain::id::{MachineName, Time};
use ha_domain::step::{Action, Echo, StepId};
use proptest::prelude::*;

use super::history::History;
use super::record::{Begun, Ended, Record, encode, recover};
use super::*;
use crate::host::RealHost;

fn action(nonce: u64) -> Action {
    Action::Echo(Echo { nonce })
}

fn step(n: u64) -> StepId {
    StepId::derive(&MachineName::new("m1").unwrap(), action(n).component(), &action(n).digest(), 1)
}

fn begin(n: u64) -> Record {
    let action_json = serde_json::to_value(action(n)).unwrap();
    Record::Begin(Begun { step: step(n), digest: action(n).digest(), action: action_json, at: Time(n) })
}

fn end(n: u64, outcome: Outcome) -> Record {
    Record::End(Ended { step: step(n), outcome, at: Time(n + 1) })
}

fn bytes(records: &[Record]) -> Vec<u8> {
    records.iter().flat_map(|r| encode(r).unwrap()).collect()
}

fn some_records() -> impl Strategy<Value = Vec<Record>> {
    let one = (0..6_u64, any::<bool>(), ".{0,40}", any::<bool>());
    prop::collection::vec(one, 1..12).prop_map(|all| {
        let each = all.into_iter().map(|(n, begins, text, fails)| match (begins, fails) {
            (true, _) => begin(n),
            (false, true) => end(n, Err(text)),
            (false, false) => end(n, Ok(BTreeMap::from([("fact".to_owned(), text)]))),
        });
        each.collect()
    })
}

proptest! {
    #[test]
    fn any_crash_prefix_recovers_what_was_complete(records in some_records(), cut in any::<prop::sample::Index>()) {
        let whole = bytes(&records);
        let cut = cut.index(whole.len() + 1);
        let recovered = recover(&whole[..cut]).unwrap();
        let complete = (0..=records.len()).rev().find(|n| bytes(&records[..*n]).len() <= cut).unwrap();
        prop_assert_eq!(&recovered.records[..], &records[..complete]);
        prop_assert_eq!(recovered.torn, bytes(&records[..complete]).len() != cut);
    }

    #[test]
    fn zeros_in_place_of_the_last_bytes_count_as_a_cut(records in some_records(), lost in 1..60_usize) {
        let mut whole = bytes(&records);
        let last = encode(records.last().unwrap()).unwrap().len();
        let from = whole.len() - lost.min(last);
        whole[from..].fill(0);
        prop_assert_eq!(recover(&whole).unwrap(), super::record::Recovered { records: records[..records.len() - 1].to_vec(), torn: true });
    }

    #[test]
    fn damage_before_the_last_record_is_refused(
        records in some_records(),
        at in any::<prop::sample::Index>(),
        flip in 1..=255_u8,
    ) {
        prop_assume!(records.len() > 1);
        let mut whole = bytes(&records);
        let at = at.index(bytes(&records[..records.len() - 1]).len());
        whole[at] ^= flip;
        // Upper-case hex digits of a length mean the same.
        if let Ok(recovered) = recover(&whole) {
            prop_assert_eq!(recovered.records, records);
        }
    }

    #[test]
    fn the_shortest_records_tell_the_same_history(records in some_records()) {
        let history = History::of(records);
        prop_assert_eq!(History::of(history.records()), history);
    }
}

async fn fresh() -> (tempfile::TempDir, RealHost, Journal) {
    let dir = tempfile::tempdir().unwrap();
    let host = RealHost::default();
    let journal = Journal::open(&host, &dir.path().join("journal")).await.unwrap();
    (dir, host, journal)
}

async fn again(dir: &Path, host: &RealHost) -> Journal {
    Journal::open(host, &dir.join("journal")).await.unwrap()
}

#[tokio::test]
async fn an_unfinished_step_is_known_after_a_restart() {
    let (dir, host, journal) = fresh().await;
    journal.begin(&host, &step(1), &action(1)).await.unwrap();
    journal.begin(&host, &step(2), &action(2)).await.unwrap();
    journal.end(&host, &step(1), Err("no".to_owned())).await.unwrap();
    let after = again(dir.path(), &host).await;
    let unfinished: Vec<_> = after.unfinished().into_iter().map(|b| b.step).collect();
    assert_eq!(unfinished, [step(2)]);
    assert_eq!(after.result(&step(1)), Some(Err("no".to_owned())));
}

#[tokio::test]
async fn a_step_that_ended_cannot_begin_again_and_one_that_never_began_cannot_end() {
    let (_dir, host, journal) = fresh().await;
    assert!(matches!(journal.end(&host, &step(1), Err(String::new())).await, Err(JournalError::NeverBegun(_))));
    journal.begin(&host, &step(1), &action(1)).await.unwrap();
    journal.begin(&host, &step(1), &action(1)).await.unwrap();
    assert_eq!(journal.unfinished().len(), 1);
    let facts = BTreeMap::from([("a".to_owned(), "b".to_owned())]);
    journal.end(&host, &step(1), Ok(facts.clone())).await.unwrap();
    journal.end(&host, &step(1), Ok(facts)).await.unwrap();
    assert!(matches!(journal.begin(&host, &step(1), &action(1)).await, Err(JournalError::AlreadyEnded(_))));
    assert!(matches!(journal.end(&host, &step(1), Err(String::new())).await, Err(JournalError::AlreadyEnded(_))));
}

#[tokio::test]
async fn a_torn_end_is_cut_off_before_the_next_record() {
    let (dir, host, journal) = fresh().await;
    journal.begin(&host, &step(1), &action(1)).await.unwrap();
    host.append(&dir.path().join("journal"), b"000000ff 0badf00d {\"END\"").await.unwrap();
    let after = again(dir.path(), &host).await;
    after.begin(&host, &step(2), &action(2)).await.unwrap();
    assert_eq!(again(dir.path(), &host).await.unfinished().len(), 2);
}

#[tokio::test]
async fn a_damaged_journal_is_refused_with_what_to_do() {
    let (dir, host, journal) = fresh().await;
    for n in 0..3 {
        journal.begin(&host, &step(n), &action(n)).await.unwrap();
    }
    let path = dir.path().join("journal");
    let mut content = std::fs::read(&path).unwrap();
    content[40] ^= 1;
    std::fs::write(&path, content).unwrap();
    let refused = Journal::open(&host, &path).await.unwrap_err().to_string();
    assert!(refused.contains("record 1") && refused.contains("move the file away"), "{refused}");
}

#[tokio::test]
async fn only_the_last_results_are_kept_and_the_file_stays_small() {
    let (dir, host, journal) = fresh().await;
    {
        let mut file = journal.0.file.lock().await;
        for n in 0..(2 * KEPT as u64) {
            journal.history().take(begin(n));
            journal.history().take(end(n, Ok(BTreeMap::new())));
        }
        file.records = MOST;
    }
    journal.begin(&host, &step(999_999), &action(999_999)).await.unwrap();
    assert_eq!(journal.0.file.lock().await.records, KEPT + 1);
    let after = again(dir.path(), &host).await;
    assert!(after.result(&step(KEPT as u64 - 1)).is_none());
    assert!(after.result(&step(KEPT as u64)).is_some());
    assert_eq!(after.unfinished().len(), 1);
}
