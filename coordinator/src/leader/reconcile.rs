//! The leader's loop: settle, plan, adopt, dispatch; woken by any change, never told what changed.

use std::sync::Arc;
use std::time::{Duration, Instant};

use ha_domain::plan::{Input, Observed, plan, settle};
use ha_domain::state::{Command, Place, State};
use ha_domain::step::StepEvent;
use ha_domain::view::{Beside, SiteStatus, site_status};

use super::{dispatch, membership, secrets, watch};
use crate::mesh::{Mesh, SharedMesh, now};
use crate::store::Role;

/// How long a new leader waits for the fleet to report before it plans.
const WARM_UP: Duration = Duration::from_secs(6);
/// Looked at least this often: deadlines and pauses pass without any event.
const TICK: Duration = Duration::from_secs(1);
/// Changes that come together are answered together.
const SETTLE: Duration = Duration::from_millis(10);

/// Leads whenever this replica is the leader, for ever.
pub async fn lead(mesh: SharedMesh) {
    let mut leadership = mesh.store.leadership();
    loop {
        if leadership.wait_for(|l| l.is_me && l.ready).await.is_err() {
            return;
        }
        // Agents may be here already: admission looks at the lead too, and is often the first to see it. The hub is empty
        // otherwise, since whoever led before left it so.
        tracing::info!(id = %mesh.store.id(), "leads");
        let membership = tokio::spawn(membership::keep(Arc::clone(&mesh)));
        let watching = tokio::spawn(watch::keep(Arc::clone(&mesh)));
        tokio::select! {
            () = reconcile(&mesh) => {}
            _ = leadership.wait_for(|l| !l.is_me) => tracing::info!("does not lead any more"),
        }
        membership.abort();
        watching.abort();
        mesh.hub.clear();
        // Streams of agents belong to the leader: they come again, to whoever leads now.
        mesh.connections.close_where(|peer| {
            peer.identity.as_ref().is_some_and(|i| matches!(i.subject, ha_domain::id::Subject::Agent(_)))
        });
    }
}

async fn reconcile(mesh: &SharedMesh) {
    let (mut reports, mut state) = (mesh.hub.changes(), mesh.store.applied());
    let began = Instant::now();
    let mut known = Vec::new();
    loop {
        dispatch::introduce(mesh, &mut known);
        if began.elapsed() > WARM_UP || everyone_is_here(mesh) {
            round(mesh).await;
        }
        tokio::select! {
            _ = reports.changed() => {}
            _ = state.changed() => {}
            () = tokio::time::sleep(TICK) => {}
        }
        tokio::time::sleep(SETTLE).await;
        reports.mark_unchanged();
        state.mark_unchanged();
    }
}

/// Every machine that has a place in the spec has reported to this leader.
fn everyone_is_here(mesh: &Mesh) -> bool {
    let here = |o: &Observed, s: &State| {
        let placed = s.machines.iter().filter(|(_, m)| matches!(m.place, Place::Assigned { .. }));
        placed.map(|(id, _)| id).all(|id| o.get(id).is_some_and(|seen| seen.connected))
    };
    mesh.hub.with_observed(|observed| mesh.peek(|state| here(observed, state)))
}

/// One look, and what follows from it. What fails is tried again at the next look.
async fn round(mesh: &SharedMesh) {
    if let Err(error) = secrets::ensure(mesh).await {
        tracing::warn!(%error, "making the site's secrets");
        return;
    }
    let observed = mesh.hub.observed();
    let events = mesh.peek(|state| settle(&Input { now: now(), state, observed: &observed }));
    for (step, event) in events {
        let ended = !matches!(event, StepEvent::Grant);
        if let Err(error) = mesh.propose("leader", Command::Advance { step: step.clone(), event }).await {
            tracing::warn!(%step, %error, "noting what became of a step");
            return;
        }
        if ended {
            mesh.hub.finished(&step);
        }
    }
    forget_the_cleaned(mesh).await;
    adopt(mesh, &observed).await;
    dispatch::offer_all(mesh);
}

/// Of the spec in force; 0 before the first.
fn generation(state: &State) -> u64 {
    state.spec.as_ref().map_or(0, |record| record.generation)
}

async fn adopt(mesh: &SharedMesh, observed: &Observed) {
    let (generation, next) = mesh.peek(|s| (generation(s), plan(&Input { now: now(), state: s, observed })));
    mesh.hub.set_plan_report(generation, next.report);
    if next.steps.is_empty() {
        return;
    }
    let adopt = Command::AdoptPlan { base: next.base, steps: next.steps };
    if let Err(error) = mesh.propose("leader", adopt).await {
        // Somebody changed the state meanwhile, or we lead no more: the next look plans anew. Not at once: a refusal is
        // an entry of the log too, and would wake us for the next.
        tracing::warn!(%error, "the plan was not adopted");
        tokio::time::sleep(TICK).await;
    }
}

/// A machine that cleaned itself is out of the fleet.
async fn forget_the_cleaned(mesh: &SharedMesh) {
    for machine in mesh.peek(State::cleaned) {
        if let Err(error) = mesh.propose("leader", Command::ForgetMachine { machine }).await {
            tracing::warn!(%error, "forgetting a machine");
        }
    }
}

/// The site on one screen, as this leader sees it.
pub fn status(mesh: &Mesh) -> SiteStatus {
    let leadership = mesh.store.leadership().borrow().clone();
    let members = mesh.store.members();
    let leader = leadership.leader.map_or_else(|| "none".to_owned(), |l| name_of(mesh, &l.address));
    let voters = members.iter().filter(|m| m.role == Role::Voter).count();
    let beside = Beside { voters, leader, progress: mesh.hub.all_progress() };
    let report = mesh.hub.plan_report(mesh.peek(generation));
    let look =
        |observed: &Observed| mesh.peek(|state| site_status(&Input { now: now(), state, observed }, report, &beside));
    mesh.hub.with_observed(look)
}

/// The machine's name where the spec has one for the address.
fn name_of(mesh: &Mesh, address: &str) -> String {
    let by_address = |state: &State| {
        let spec = &state.spec.as_ref()?.spec;
        Some(spec.machine_at(address.parse().ok()?)?.name.to_string())
    };
    mesh.peek(by_address).unwrap_or_else(|| address.to_owned())
}
