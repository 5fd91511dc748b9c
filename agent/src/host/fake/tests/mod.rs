//! The simulated machine keeps the promises of a real one, and a site of them hangs together.

mod building;
mod crashes;
mod full_disk;
mod repairs;
mod secrets;
mod site;
mod unfit;

use std::net::IpAddr;
use std::path::Path;

use super::*;
use crate::host::{Host, HostError, NewFile, conformance};

fn machine() -> SimulatedMachine {
    World::new().machine("m1", IpAddr::from([10, 0, 0, 1]))
}

#[tokio::test]
async fn the_simulated_machine_keeps_its_promises_anywhere() {
    let broken = conformance::anywhere(&machine(), Path::new("/srv/test")).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

#[tokio::test]
async fn the_simulated_machine_keeps_its_promises_of_units_and_packages() {
    let broken = conformance::on_a_machine_of_its_own(&machine()).await;
    assert!(broken.is_empty(), "{broken:#?}");
}

async fn write(machine: &SimulatedMachine, path: &str) -> Result<(), HostError> {
    machine.write(NewFile { path: Path::new(path), content: b"x", mode: 0o644 }).await
}

#[tokio::test]
async fn an_agent_that_dies_before_a_call_leaves_no_trace_of_it() {
    let machine = machine();
    machine.stop_before(2);
    write(&machine, "/a").await.unwrap();
    assert!(matches!(write(&machine, "/b").await, Err(HostError::Stopped)));
    assert!(matches!(write(&machine, "/c").await, Err(HostError::Stopped)), "it stays dead");
    machine.restart_agent();
    assert_eq!((machine.text("/a"), machine.text("/b")), (Some("x".into()), None));
}

#[tokio::test]
async fn an_agent_that_dies_after_a_call_leaves_its_effect() {
    let machine = machine();
    machine.stop_after(1);
    assert!(matches!(write(&machine, "/a").await, Err(HostError::Stopped)));
    machine.restart_agent();
    assert_eq!(machine.text("/a").as_deref(), Some("x"));
    assert!(machine.calls().is_empty());
}

#[tokio::test]
async fn a_power_cut_keeps_the_disk_and_loses_the_memory() {
    let machine = machine();
    machine.install_packages(&["haproxy"]).await.unwrap();
    machine.control("haproxy", crate::host::UnitVerb::Start).await.unwrap();
    write(&machine, "/run/x").await.unwrap();
    let before = machine.facts().await.unwrap().boot_id;
    machine.power_off();
    assert!(matches!(machine.facts().await, Err(HostError::Stopped)));
    machine.power_on();
    assert!(machine.is_active("haproxy"), "an enabled unit starts at boot");
    assert_eq!(machine.text("/run/x"), None);
    assert_ne!(machine.facts().await.unwrap().boot_id, before);
}
