//! Offers committed steps and grants their start: commit before dispatch, grant before start.

use ha_domain::id::{CoordinatorId, MachineId};
use ha_domain::state::{Command, StepRecord};
use ha_domain::step::{Status, StepEvent, StepId};
use ha_proto::v1::coordinator_message::Message;
use ha_proto::v1::{Offer, StartReply, Welcome};

use super::credentials;
use crate::config::Ports;
use crate::mesh::{Mesh, SharedMesh, now};

/// Offers every step that nobody has begun, and again every one that may be running: an agent that crashed asks anew.
pub(super) fn offer_all(mesh: &Mesh) {
    let open = mesh.peek(|state| {
        let lineage = state.mesh.as_ref().map_or(0, |m| m.lineage);
        let open =
            state.journal.values().filter(|r| matches!(r.status, Status::Adopted { .. } | Status::Granted { .. }));
        open.filter_map(|r| Some((r.step.machine.clone(), offer(r, lineage)?))).collect::<Vec<_>>()
    });
    for (machine, offer) in open {
        if let Some(session) = mesh.hub.session(&machine) {
            // The agent knows which offers it has taken up; one it did not get comes again with the next look.
            session.send(Message::Offer(offer));
        }
    }
}

/// What an agent is told of the mesh when it comes, and again when the coordinators change: it goes to those it knows.
pub fn welcome(mesh: &Mesh, machine: &MachineId) -> Welcome {
    let endpoints = mesh.hosts().iter().filter_map(|(_, host)| Ports::of(host).ok()).map(|p| p.agents()).collect();
    let lineage = mesh.peek(|s| s.mesh.as_ref().map_or(0, |m| m.lineage));
    Welcome { machine_id: machine.to_string(), endpoints, lineage, now_ms: now().0 }
}

/// Tells every agent that is here who the coordinators are, when they are others than `known`.
pub(super) fn introduce(mesh: &Mesh, known: &mut Vec<(CoordinatorId, String)>) {
    let hosts = mesh.hosts();
    if hosts == *known {
        return;
    }
    for (machine, session) in mesh.hub.all_sessions() {
        session.send(Message::Welcome(welcome(mesh, &machine)));
    }
    *known = hosts;
}

fn offer(record: &StepRecord, lineage: u64) -> Option<Offer> {
    let step = serde_json::to_vec(&record.step).ok()?;
    Some(Offer { step, lineage, index: record.index })
}

/// An agent asks to start. The grant is committed before the answer goes out; secrets travel with it and nowhere else.
pub async fn grant(mesh: &SharedMesh, machine: &MachineId, step: &str) -> StartReply {
    let refusal =
        |why: String| StartReply { step_id: step.to_owned(), granted: false, refusal: why, ..StartReply::default() };
    let found = mesh.peek(|s| {
        s.journal
            .iter()
            .find(|(id, r)| id.as_str() == step && r.step.machine == *machine)
            .map(|(id, r)| (id.clone(), r.clone()))
    });
    let Some((id, record)) = found else { return refusal("this step is not planned (any more)".to_owned()) };
    if let Err(error) = advance(mesh, &id, StepEvent::Grant).await {
        return refusal(error);
    }
    match credentials::for_action(mesh, &record.step).await {
        Ok(credentials) => StartReply { step_id: step.to_owned(), granted: true, refusal: String::new(), credentials },
        Err(error) => {
            let text = format!("make the credentials of {id}: {error:#}");
            tracing::error!(%text);
            let _ = advance(mesh, &id, StepEvent::Fail(text.clone())).await;
            refusal(text)
        }
    }
}

async fn advance(mesh: &Mesh, step: &StepId, event: StepEvent) -> Result<(), String> {
    let command = Command::Advance { step: step.clone(), event };
    mesh.propose("leader", command).await.map(|_| ()).map_err(|e| e.to_string())
}
