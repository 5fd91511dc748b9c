//! Watches the fleet for as long as this replica leads: asks peers about silent machines, notes who fell and who returned,
//! and proposes what is due. Decides nothing itself.

use std::time::{Duration, Instant};

use ha_domain::heal::proposals;
use ha_domain::health::{Question, WARM_MS, questions, transitions};
use ha_domain::id::Time;
use ha_domain::plan::Input;
use ha_domain::state::Command;

use crate::mesh::{Mesh, SharedMesh, now};

/// Between two looks. One that comes so much later says that this process was held up, and heard nobody meanwhile.
const LATE: Duration = Duration::from_secs(3);
/// Between two looks at the fleet.
const PERIOD: Duration = Duration::from_millis(500);

/// Runs while this replica leads.
pub(super) async fn keep(mesh: SharedMesh) {
    let (mut since, mut last) = (now(), Instant::now());
    loop {
        if last.elapsed() > LATE {
            tracing::warn!(ms = last.elapsed().as_millis(), "was held up; listens anew before it judges anybody");
            since = now();
        }
        last = Instant::now();
        ask_peers(&mesh, since);
        if let Err(error) = note(&mesh, since).await {
            tracing::info!(%error, "the fleet's health was not noted");
        }
        if now().ms_since(since) >= WARM_MS {
            heal(&mesh).await;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn ask_peers(mesh: &Mesh, since: Time) {
    let due =
        mesh.hub.with_observed(|observed| mesh.peek(|state| questions(&Input { now: now(), state, observed }, since)));
    for question in due {
        let Question { peer, peer_name, about, .. } = &question;
        if !mesh.hub.ask(&question) {
            tracing::debug!(%peer, %peer_name, %about, "a peer could not be asked");
        }
    }
}

async fn note(mesh: &Mesh, since: Time) -> anyhow::Result<()> {
    let changed = mesh
        .hub
        .with_observed(|observed| mesh.peek(|state| transitions(&Input { now: now(), state, observed }, since)));
    for change in changed {
        let (machine, condition, evidence) = (change.machine, change.condition, change.evidence);
        tracing::info!(%machine, condition = condition.word(), ?evidence, "a machine's health changed");
        mesh.propose("leader", Command::NoteHealth { machine, condition, evidence }).await?;
    }
    Ok(())
}

/// A refusal is the reducer's right: the next look proposes from what is so by then.
async fn heal(mesh: &Mesh) {
    for command in mesh.peek(|state| proposals(state, now())) {
        if let Err(error) = mesh.propose("leader", command).await {
            tracing::info!(%error, "a decision about an ill machine was not taken");
            return;
        }
    }
}
