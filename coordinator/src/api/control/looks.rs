//! What an operator can look at. Reads are linearizable: they show every change acknowledged before.

use ha_domain::plan::{Input, Observed};
use ha_domain::state::State;
use ha_domain::view;
use ha_proto::v1::{Document, VersionReply};
use tonic::Response;

use super::Answer;
use crate::api::reply::{document, unread};
use crate::config::Ports;
use crate::leader;
use crate::mesh::{SharedMesh, now};

pub(super) async fn status(mesh: &SharedMesh) -> Answer<Document> {
    mesh.read(|_| ()).await.map_err(unread)?;
    document(&leader::status(mesh))
}

pub(super) async fn nodes(mesh: &SharedMesh) -> Answer<Document> {
    mesh.read(|_| ()).await.map_err(unread)?;
    let look = |observed: &Observed| mesh.peek(|state| view::nodes(&Input { now: now(), state, observed }));
    document(&mesh.hub.with_observed(look))
}

pub(super) async fn steps(mesh: &SharedMesh, all: bool) -> Answer<Document> {
    list(mesh, |state| view::steps(state, all)).await
}

pub(super) async fn tokens(mesh: &SharedMesh) -> Answer<Document> {
    list(mesh, |state| view::tokens(state, now())).await
}

pub(super) async fn users(mesh: &SharedMesh) -> Answer<Document> {
    list(mesh, view::users).await
}

pub(super) async fn secrets(mesh: &SharedMesh) -> Answer<Document> {
    list(mesh, view::secrets).await
}

async fn list<T: serde::Serialize>(mesh: &SharedMesh, read: impl FnOnce(&State) -> Vec<T>) -> Answer<Document> {
    document(&mesh.read(read).await.map_err(unread)?)
}

pub(super) fn version(mesh: &SharedMesh) -> Answer<VersionReply> {
    let leader = mesh.store.leadership().borrow().leader.as_ref().map_or_else(String::new, |l| l.address.clone());
    let operators = mesh.hosts().iter().filter_map(|(_, host)| Ports::of(host).ok()).map(|p| p.operators()).collect();
    Ok(Response::new(VersionReply { coordinator: env!("CARGO_PKG_VERSION").to_owned(), leader, operators }))
}
