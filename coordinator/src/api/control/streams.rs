//! What goes on while the caller listens: status, events, logs; and what goes out to agents and back.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ha_domain::id::MachineId;
use ha_domain::state::{Event, Place};
use ha_proto::v1::coordinator_message::Message;
use ha_proto::v1::{Document, EventsRequest, KubeconfigReply, LogLines, LogRequest, LogsRequest};
use tokio::sync::mpsc;
use tokio_stream::StreamExt as _;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Response, Status};

use super::{Answer, Documents, Lines};
use crate::api::reply::document;
use crate::leader;
use crate::mesh::{Mesh, SharedMesh};

/// No two screens are sent closer together than this.
const SCREEN: Duration = Duration::from_millis(150);
/// A screen is sent at least this often: ages on it pass.
const BREATH: Duration = Duration::from_secs(2);

pub(super) fn watch(mesh: &SharedMesh) -> Answer<Documents> {
    let (to, screens) = mpsc::channel(1);
    let mesh = Arc::clone(mesh);
    tokio::spawn(async move {
        let (mut reports, mut state) = (mesh.hub.changes(), mesh.store.applied());
        while mesh.leads() {
            let screen = document(&leader::status(&mesh)).map(Response::into_inner);
            // A reader that is gone, or does not read, ends its own watch; the leader is not held up.
            if to.send_timeout(screen, Duration::from_secs(10)).await.is_err() {
                return;
            }
            tokio::time::sleep(SCREEN).await;
            tokio::select! {
                _ = reports.changed() => {}
                _ = state.changed() => {}
                () = tokio::time::sleep(BREATH) => {}
            }
        }
        let _ = to.send(Err(Status::unavailable("this coordinator does not lead any more: watch again"))).await;
    });
    Ok(Response::new(Box::pin(ReceiverStream::new(screens))))
}

pub(super) fn events(mesh: &SharedMesh, request: EventsRequest) -> Answer<Documents> {
    let (to, events) = mpsc::channel(64);
    let mesh = Arc::clone(mesh);
    tokio::spawn(async move {
        let mut state = mesh.store.applied();
        let mut after = request.after;
        loop {
            for event in newer(&mesh, after) {
                after = event.seq;
                if to.send(document(&event).map(Response::into_inner)).await.is_err() {
                    return;
                }
            }
            if !request.follow || state.changed().await.is_err() {
                return;
            }
        }
    });
    Ok(Response::new(Box::pin(ReceiverStream::new(events))))
}

fn newer(mesh: &Mesh, after: u64) -> Vec<Event> {
    mesh.peek(|s| s.events.iter().filter(|e| e.seq > after).cloned().collect())
}

/// The enrolled machine that has this name in the spec.
fn machine(mesh: &Mesh, name: &str) -> Result<MachineId, Status> {
    let found = mesh.peek(|s| {
        let named = |place: &Place| matches!(place, Place::Assigned { name: n, .. } | Place::Leaving { name: n, .. } if n.as_str() == name);
        s.machines.iter().find(|(id, m)| named(&m.place) || id.as_str() == name).map(|(id, _)| id.clone())
    });
    found.ok_or_else(|| Status::not_found(format!("there is no machine {name}: see `hactl node list`")))
}

pub(super) fn logs(mesh: &SharedMesh, request: LogsRequest) -> Answer<Lines> {
    // What begins with @ is asked by this coordinator only, for callers with another role.
    if request.unit.starts_with('@') {
        return Err(Status::invalid_argument(format!("{:?} is no unit's name", request.unit)));
    }
    let id = machine(mesh, &request.machine)?;
    let session = mesh.hub.session(&id);
    let session =
        session.ok_or_else(|| Status::failed_precondition(format!("the agent of {} is silent", request.machine)))?;
    let (to, lines) = mpsc::channel::<LogLines>(64);
    let number = mesh.hub.expect_logs(to);
    let ask = LogRequest { request: number, unit: request.unit, lines: request.lines.clamp(1, 5_000) };
    if !session.send(Message::Log(ask)) {
        return Err(Status::failed_precondition(format!("the agent of {} takes no messages", request.machine)));
    }
    Ok(Response::new(Box::pin(ReceiverStream::new(lines).map(Ok))))
}

/// What `hactl kubeconfig` shows comes from a control plane's agent, which may read it; it is kept nowhere.
pub(super) async fn kubeconfig(mesh: &SharedMesh) -> Answer<KubeconfigReply> {
    let masters = mesh.peek(|s| {
        let is = |p: &Place| matches!(p, Place::Assigned { role: ha_domain::spec::Role::ControlPlane, .. });
        s.machines.iter().filter(|(_, m)| is(&m.place)).map(|(id, _)| id.clone()).collect::<Vec<_>>()
    });
    let mut lines = None;
    for id in masters {
        let Some(session) = mesh.hub.session(&id) else { continue };
        let (to, replies) = mpsc::channel::<LogLines>(64);
        let number = mesh.hub.expect_logs(to);
        if session.send(Message::Log(LogRequest { request: number, unit: KUBECONFIG.to_owned(), lines: 1 })) {
            lines = collect(replies).await;
        }
        if lines.is_some() {
            break;
        }
    }
    let text = lines.ok_or_else(|| Status::failed_precondition("no control plane has one yet: see `hactl status`"))?;
    Ok(Response::new(KubeconfigReply { kubeconfig: text.into_bytes() }))
}

/// The word under which an agent gives out the cluster's administrator configuration.
pub(super) const KUBECONFIG: &str = "@kubeconfig";

async fn collect(replies: mpsc::Receiver<LogLines>) -> Option<String> {
    let mut text = String::new();
    let all = ReceiverStream::new(replies).timeout(Duration::from_secs(5));
    tokio::pin!(all);
    while let Some(Ok(lines)) = all.next().await {
        if !lines.error.is_empty() {
            return None;
        }
        for line in lines.lines {
            text.push_str(&line);
            text.push('\n');
        }
        if lines.last {
            break;
        }
    }
    (!text.is_empty()).then_some(text)
}

/// A no-op to every connected agent and back: measures the mesh, touches no journal.
pub(super) async fn echo(mesh: &SharedMesh) -> Answer<Document> {
    let began = Instant::now();
    let ids =
        mesh.hub.with_observed(|o| o.iter().filter(|(_, s)| s.connected).map(|(id, _)| id.clone()).collect::<Vec<_>>());
    let mut waiting = Vec::new();
    for id in ids {
        let Some(session) = mesh.hub.session(&id) else { continue };
        let (to, replies) = mpsc::channel::<LogLines>(2);
        let number = mesh.hub.expect_logs(to);
        if session.send(Message::Log(LogRequest { request: number, unit: ECHO.to_owned(), lines: 1 })) {
            waiting.push((id, replies));
        }
    }
    let mut answers = std::collections::BTreeMap::new();
    for (id, mut replies) in waiting {
        let answer = tokio::time::timeout(Duration::from_secs(10), replies.recv()).await;
        let ms = began.elapsed().as_secs_f64() * 1000.0;
        answers.insert(id.to_string(), matches!(answer, Ok(Some(_))).then_some(ms));
    }
    document(&answers)
}

/// The word that an agent only answers.
pub(super) const ECHO: &str = "@echo";
