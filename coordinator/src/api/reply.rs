//! Outcomes as gRPC statuses: codes for programs, sentences for people.

use ha_domain::state::Refusal;
use ha_proto::v1::Document;
use tonic::{Response, Status};

use crate::mesh::ProposeFailure;
use crate::store::{ProposeError, ReadError};

/// A document as its JSON.
pub fn document(value: &impl serde::Serialize) -> Result<Response<Document>, Status> {
    let json = serde_json::to_vec(value).map_err(|e| Status::internal(format!("write the reply: {e}")))?;
    Ok(Response::new(Document { json }))
}

/// A failed command.
pub fn refused(failure: ProposeFailure) -> Status {
    match failure {
        ProposeFailure::Refused(refusal) => {
            let text = refusal.to_string();
            match refusal {
                Refusal::SpecConflict { .. } | Refusal::StalePlan { .. } | Refusal::KeyReused => Status::aborted(text),
                Refusal::NotFound { .. } => Status::not_found(text),
                Refusal::Token { .. } => Status::permission_denied(text),
                Refusal::SpecChange { .. } => Status::invalid_argument(text),
                Refusal::AlreadyFounded
                | Refusal::NotFounded
                | Refusal::UnsafePlan { .. }
                | Refusal::Step { .. }
                | Refusal::Healing { .. }
                | Refusal::LastAdmin { .. } => Status::failed_precondition(text),
            }
        }
        ProposeFailure::Store(ProposeError::Indeterminate) => {
            Status::unavailable("the change may or may not have come about: look, then try again")
        }
        ProposeFailure::Store(error) => Status::unavailable(format!("{error}; try again")),
        ProposeFailure::Garbled(text) => Status::internal(text),
    }
}

/// A failed read.
pub fn unread(error: ReadError) -> Status {
    Status::unavailable(format!("{error}; try again"))
}
