//! How long a write takes, for people to read: printed, not judged.

use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::machine::set;

#[tokio::test]
async fn the_latency_of_writes_is_printed() {
    let cluster = Cluster::of(3).await;
    let store = &cluster.leader().await.store;
    let mut single = Vec::new();
    for i in 0..300 {
        let since = Instant::now();
        store.propose(set("n", i)).await.unwrap();
        single.push(since.elapsed());
    }
    single.sort();
    let at = |part: f64| single[((single.len() - 1) as f64 * part) as usize];
    println!("one write at a time: p50 {:?}, p99 {:?}", at(0.5), at(0.99));

    let since = Instant::now();
    let mut writes = tokio::task::JoinSet::new();
    for i in 0..2000 {
        let store = store.clone();
        writes.spawn(async move { store.propose(set(i, i)).await.map(drop) });
    }
    writes.join_all().await.into_iter().for_each(|written| written.unwrap());
    println!("2000 writes at once: {:?}, {:?} each", since.elapsed(), since.elapsed() / 2000);
    assert!(at(0.5) > Duration::ZERO);
}
