//! What losses would break: asked of the domain with what this leader knows. Changes nothing.

use ha_domain::plan::Input;
use ha_domain::state::State;
use ha_domain::whatif;
use ha_proto::v1::{Document, WhatIfRequest};
use tonic::Status;

use super::Answer;
use crate::api::reply::{document, unread};
use crate::mesh::{SharedMesh, now};

pub(super) async fn what_if(mesh: &SharedMesh, request: &WhatIfRequest) -> Answer<Document> {
    // Copies: each machine of a large site is looked at in turn, and nobody shall wait for that.
    let state = mesh.read(State::clone).await.map_err(unread)?;
    let observed = mesh.hub.observed();
    answer(&Input { now: now(), state: &state, observed: &observed }, request)
}

/// One loss in full, or each loss alone where none is named.
fn answer(input: &Input<'_>, request: &WhatIfRequest) -> Answer<Document> {
    let unfounded = || Status::failed_precondition("no spec was applied yet: there is nothing to lose");
    let spec = &input.state.spec.as_ref().ok_or_else(unfounded)?.spec;
    if request.machines.is_empty() && request.hypervisor.is_empty() {
        return document(&whatif::score(input).ok_or_else(unfounded)?);
    }
    let lost = whatif::taken(spec, &request.machines, &request.hypervisor);
    let lost = lost.map_err(|e| Status::invalid_argument(e.to_string()))?;
    document(&whatif::what_if(input, &lost).ok_or_else(unfounded)?)
}
