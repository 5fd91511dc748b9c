//! The encoding's golden bytes: they never change, and what they encode never changes meaning.

use super::*;

fn at(index: u64) -> LogId {
    log_id(&LogPosition { term: 3, node: 7, index })
}

fn two_sets() -> Membership {
    let nodes = [1, 7, 9].map(|id| (id, Node::new(format!("10.0.0.{id}:7402"))));
    Membership::new(vec![BTreeSet::from([1]), BTreeSet::from([1, 7])], BTreeMap::from(nodes)).unwrap()
}

fn check(payload: Payload, golden: &str) {
    let entry = Entry { log_id: at(5), payload };
    assert_eq!(hex::encode(encode_entry(&entry)), golden);
    let back = decode_entry(hex::decode(golden).unwrap().into()).unwrap();
    assert_eq!((back.log_id, back.payload), (entry.log_id, entry.payload));
}

#[test]
fn log_records_have_their_golden_bytes() {
    check(Payload::Blank, "017aeac1ca0a060803100718051001");
    check(Payload::Normal(Command(Bytes::from_static(b"set x"))), "01cf1ad7580a060803100718051a057365742078");
    check(
        Payload::Membership(two_sets()),
        "0193cc2ee00a0608031007180522440a030a01010a040a02010712110801120d31302e302e302e313a3734303212110807120d31302e302e302e373a3734303212110809120d31302e302e302e393a37343032",
    );
}

#[test]
fn votes_have_their_golden_bytes() {
    let vote = vote(&Ballot { term: 3, node: 7, committed: true });
    let golden = "01ba7bb0cb080310071801";
    assert_eq!(hex::encode(encode_vote(&vote)), golden);
    assert_eq!(decode_vote(hex::decode(golden).unwrap().into()).unwrap(), vote);
}

#[test]
fn a_snapshot_head_has_its_golden_bytes_and_fits_only_its_data() {
    let meta =
        SnapshotMeta { last_log_id: Some(at(9)), last_membership: StoredMembership::new(Some(at(4)), two_sets()) };
    let golden = "018e8cb1080a0608031007180912060803100718041a440a030a01010a040a02010712110801120d31302e302e302e313a3734303212110807120d31302e302e302e373a3734303212110809120d31302e302e302e393a3734303220052dfbd293a3";
    assert_eq!(hex::encode(encode_snapshot(&meta, b"state")), golden);
    let record = Bytes::from(hex::decode(golden).unwrap());
    assert_eq!(decode_snapshot(record.clone(), b"state").unwrap(), meta);
    assert!(matches!(decode_snapshot(record, b"stale"), Err(RecordError::Damaged(_))));
}

#[test]
fn a_flipped_bit_anywhere_is_noticed() {
    let good = encode_entry(&Entry { log_id: at(5), payload: Payload::Normal(Command(Bytes::from_static(b"set x"))) });
    for byte in 0..good.len() {
        let mut bad = good.clone();
        bad[byte] ^= 4;
        assert!(decode_entry(bad.into()).is_err(), "byte {byte}");
    }
}

#[test]
fn a_later_version_is_named() {
    let mut record = encode_log_id(&at(1));
    record[0] = 2;
    assert!(matches!(decode_log_id(record.into()), Err(RecordError::Version(2))));
}
