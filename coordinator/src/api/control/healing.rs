//! Healing, as operators see and steer it.

use ha_domain::id::MachineName;
use ha_domain::state::Command;
use ha_domain::view;
use ha_proto::v1::{Document, Empty, HealRequest, HealVerb, MaintenanceRequest};
use tonic::{Response, Status};

use super::Answer;
use crate::api::reply::{document, refused, unread};
use crate::mesh::{SharedMesh, now};

pub(super) async fn show(mesh: &SharedMesh) -> Answer<Document> {
    document(&mesh.read(|state| view::healing(state, now())).await.map_err(unread)?)
}

pub(super) async fn incidents(mesh: &SharedMesh) -> Answer<Document> {
    document(&mesh.read(|state| view::incidents(state, now())).await.map_err(unread)?)
}

pub(super) async fn steer(mesh: &SharedMesh, by: &str, request: HealRequest) -> Answer<Empty> {
    let number = request.number;
    let command = match request.verb() {
        HealVerb::Pause => Command::PauseHealing { on: true },
        HealVerb::Resume => Command::PauseHealing { on: false },
        HealVerb::Veto => Command::VetoDecision { number },
        HealVerb::Approve => Command::ApproveDecision { number },
        HealVerb::Unspecified => return Err(Status::invalid_argument("say what: pause, resume, veto or approve")),
    };
    mesh.propose_once(by, Some(request.key), command).await.map_err(refused)?;
    Ok(Response::new(Empty {}))
}

/// The longest that a machine can be in maintenance: nobody remembers longer.
const LONGEST_MS: u64 = 7 * 24 * 3_600_000;

pub(super) async fn maintain(mesh: &SharedMesh, by: &str, request: MaintenanceRequest) -> Answer<Empty> {
    let name = MachineName::new(&request.name).map_err(|e| Status::invalid_argument(e.to_string()))?;
    if request.for_ms > LONGEST_MS {
        return Err(Status::invalid_argument("maintenance lasts 7 days at most: begin it again then"));
    }
    let until = (request.for_ms > 0).then(|| now().plus_ms(request.for_ms));
    let command = Command::SetMaintenance { name, until };
    mesh.propose_once(by, Some(request.key), command).await.map_err(refused)?;
    Ok(Response::new(Empty {}))
}
