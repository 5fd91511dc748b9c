//! One agent's stream: reports in, steps out. Every message is converted at the door; a wrong one ends the stream.

use std::sync::Arc;

use ha_domain::id::MachineId;
use ha_domain::report::Facts;
use ha_domain::state::Command;
use ha_domain::step::{StepEvent, StepId};
use ha_proto::v1::agent_message::Message as FromAgent;
use ha_proto::v1::coordinator_message::Message as ToAgent;
use ha_proto::v1::{AgentMessage, CoordinatorMessage, FinishedAck, Goodbye, Resync, StepFinished};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{Status, Streaming};

use crate::leader::{Session, grant, welcome};
use crate::mesh::{SharedMesh, now};

/// Messages that may wait for a slow agent: more than a site has steps.
const QUEUE: usize = 256;

/// Serves an agent until its stream ends; returns what goes out to it.
pub fn open(
    mesh: SharedMesh,
    machine: MachineId,
    incoming: Streaming<AgentMessage>,
) -> ReceiverStream<Result<CoordinatorMessage, Status>> {
    let (to, outgoing) = mpsc::channel(QUEUE);
    let session = mesh.hub.enter(&machine, to);
    tokio::spawn(serve(mesh, machine, session, incoming));
    ReceiverStream::new(outgoing)
}

async fn serve(mesh: SharedMesh, machine: MachineId, session: Session, mut incoming: Streaming<AgentMessage>) {
    let over = over(&mesh, session.clone());
    tokio::pin!(over);
    loop {
        let next = tokio::select! {
            next = incoming.message() => next,
            reason = &mut over => {
                session.send(ToAgent::Goodbye(Goodbye { reason: reason.to_owned() }));
                break;
            }
        };
        match next {
            Ok(Some(AgentMessage { message: Some(message) })) => {
                if let Err(why) = take(&mesh, (&machine, &session), message).await {
                    tracing::warn!(%machine, why, "a message was not understood; the agent must come again");
                    break;
                }
            }
            Ok(Some(AgentMessage { message: None })) => {}
            Ok(None) | Err(_) => break,
        }
    }
    mesh.hub.leave(&machine, &session, now());
}

/// Why a session is over on our side. It belongs to a leader: who came as the lead was lost, or through a follower, must
/// come again too.
async fn over(mesh: &SharedMesh, session: Session) -> &'static str {
    let mut leadership = mesh.store.leadership();
    tokio::select! {
        () = session.forgotten() => "another session of this machine took its place",
        _ = leadership.wait_for(|l| !l.is_me) => "this coordinator does not lead any more",
    }
}

async fn take(mesh: &SharedMesh, from: (&MachineId, &Session), message: FromAgent) -> Result<(), String> {
    let (machine, session) = from;
    match message {
        FromAgent::Hello(hello) => {
            tracing::info!(%machine, version = %hello.version, "agent is here");
            session.send(ToAgent::Welcome(welcome(mesh, machine)));
        }
        FromAgent::Report(report) => {
            let sections = serde_json::from_slice(&report.sections).map_err(|e| e.to_string())?;
            match mesh.hub.report(machine, sections, report.full, now()) {
                Ok(report) => refresh_facts(mesh, machine, report.facts),
                Err(_) => {
                    session.send(ToAgent::Resync(Resync {}));
                }
            }
        }
        FromAgent::Start(start) => {
            let (mesh, machine, session) = (Arc::clone(mesh), machine.clone(), session.clone());
            // Granting waits for a commit; reports must not wait behind it.
            tokio::spawn(async move {
                let reply = grant(&mesh, &machine, &start.step_id).await;
                session.send(ToAgent::Start(reply));
            });
        }
        FromAgent::Finished(finished) => {
            let (mesh, machine, session) = (Arc::clone(mesh), machine.clone(), session.clone());
            tokio::spawn(async move { finish(&mesh, (&machine, &session), finished).await });
        }
        FromAgent::Progress(progress) => {
            if let Some(id) = known_step(mesh, machine, &progress.step_id) {
                mesh.hub.progress(&id, progress.line.chars().filter(|c| !c.is_control()).take(200).collect());
            }
        }
        FromAgent::Log(lines) => mesh.hub.logs(lines),
        FromAgent::Probe(seen) => mesh.hub.sighted(seen, now()),
        FromAgent::Goodbye(_) => {}
    }
    Ok(())
}

/// The state keeps a machine's facts, to know which machine of the spec it is.
fn refresh_facts(mesh: &SharedMesh, machine: &MachineId, facts: Facts) {
    let same = mesh.peek(|s| s.machines.get(machine).is_none_or(|m| m.facts == facts));
    if same {
        return;
    }
    let (mesh, machine) = (Arc::clone(mesh), machine.clone());
    tokio::spawn(async move {
        let update = Command::UpdateFacts { machine: machine.clone(), facts: Box::new(facts) };
        if let Err(error) = mesh.propose(machine.as_str(), update).await {
            tracing::debug!(%machine, %error, "facts come again with the next report");
        }
    });
}

fn known_step(mesh: &SharedMesh, machine: &MachineId, id: &str) -> Option<StepId> {
    mesh.peek(|s| {
        s.journal.iter().find(|(k, r)| k.as_str() == id && r.step.machine == *machine).map(|(k, _)| k.clone())
    })
}

async fn finish(mesh: &SharedMesh, (machine, session): (&MachineId, &Session), finished: StepFinished) {
    let Some(step) = known_step(mesh, machine, &finished.step_id) else {
        session.send(ToAgent::Finished(FinishedAck { step_id: finished.step_id }));
        return;
    };
    let event = if finished.ok { StepEvent::Succeed } else { StepEvent::Fail(finished.error) };
    mesh.hub.finished(&step);
    match mesh.propose(machine.as_str(), Command::Advance { step: step.clone(), event }).await {
        // A refusal means that the state knows better (confirmed or expired meanwhile): the agent may forget it too.
        Ok(_) | Err(crate::mesh::ProposeFailure::Refused(_)) => {
            session.send(ToAgent::Finished(FinishedAck { step_id: step.to_string() }));
        }
        Err(error) => tracing::debug!(%step, %error, "the agent will tell again"),
    }
}
