//! Applying again, and two who apply at once.

use std::collections::BTreeSet;

use ha_domain::plan::Forecast;
use ha_tests::operator::Operator;
use ha_tests::site::Site;
use ha_tests::until::until;
use tonic::{Code, Status};

use crate::shared;

/// Milliseconds of the leader's clock in which it plans anew at least twice.
const LOOKS: u64 = 3_000;

async fn step_ids(site: &Site) -> BTreeSet<String> {
    site.admin.steps().await.unwrap().into_iter().map(|s| s.id).collect()
}

/// Waits until the leader has looked again.
async fn looked_again(site: &Site) {
    let from = site.admin.status().await.unwrap().now;
    let look = async || {
        let now = site.admin.status().await.map_err(|e| e.to_string())?.now;
        if now.ms_since(from) > LOOKS { Ok(()) } else { Err("not yet".to_owned()) }
    };
    until("the leader to look again", look).await.unwrap();
}

#[tokio::test]
async fn a_second_apply_makes_no_step() {
    let (site, _alone) = shared::site_alone().await;
    let before = step_ids(site).await;
    let reply = site.admin.apply(&site.document.text, 0).await.unwrap();
    let forecast: Forecast = serde_json::from_slice(&reply.forecast).unwrap();
    assert!(!reply.changed && forecast.waves.is_empty(), "{forecast:#?}");
    looked_again(site).await;
    assert_eq!(step_ids(site).await, before);
}

async fn connect_timeout(by: &Operator, site: &Site, base: u64, seconds: u32) -> Result<u64, Status> {
    let timeouts = format!("loadBalancers: {{timeouts: {{connect: {seconds}s}}}}\n");
    by.apply(&format!("{}{timeouts}", site.document.text), base).await.map(|reply| reply.generation)
}

#[tokio::test]
async fn of_two_who_apply_at_once_one_wins_and_the_other_is_told_who() {
    let (site, _alone) = shared::site_alone().await;
    let (ann, bob) = (shared::operator(site, "ann", "operator").await, shared::operator(site, "bob", "operator").await);
    let base = site.converged().await.unwrap().spec.unwrap().generation;
    let (of_ann, of_bob) = tokio::join!(connect_timeout(&ann, site, base, 7), connect_timeout(&bob, site, base, 8));
    let (winner, timeout, refusal) = match (of_ann, of_bob) {
        (Ok(generation), Err(refusal)) if generation == base + 1 => ("ann", "7000ms", refusal),
        (Err(refusal), Ok(generation)) if generation == base + 1 => ("bob", "8000ms", refusal),
        other => panic!("{other:?}"),
    };
    assert_eq!(refusal.code(), Code::Aborted);
    assert!(refusal.message().contains(&format!("applied by {winner}")), "{refusal}");

    site.converged().await.unwrap();
    let config = site.machine("lb1").unwrap().text("/etc/haproxy/haproxy.cfg").unwrap();
    assert!(config.contains(&format!("timeout connect {timeout}")), "{config}");
    shared::apply(site).await;
    site.converged().await.unwrap();
}
