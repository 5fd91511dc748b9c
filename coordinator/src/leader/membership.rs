//! Keeps the Raft group as the state says: admitted replicas become voters, removed ones leave; one change at a time.

use std::time::Duration;

use ha_domain::id::CoordinatorId;

use crate::mesh::SharedMesh;
use crate::store::Role;

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(500);

/// Runs while this replica leads.
pub(super) async fn keep(mesh: SharedMesh) {
    loop {
        if let Err(error) = change_one(&mesh).await {
            tracing::info!(%error, "the coordinators' group is not yet as wanted");
            tokio::time::sleep(PERIOD * 4).await;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

async fn change_one(mesh: &SharedMesh) -> anyhow::Result<()> {
    let members = mesh.store.members();
    let is = |id: CoordinatorId, role: Role| members.iter().any(|m| m.id == id && m.role == role);
    for (id, host) in mesh.hosts() {
        if is(id, Role::Voter) {
            continue;
        }
        if !is(id, Role::Learner) {
            mesh.store.add_learner(id, &host).await?;
        }
        mesh.store.promote(id).await?;
        tracing::info!(%id, %host, "votes now");
        return Ok(());
    }
    let wanted = mesh.hosts();
    let unwanted = members.iter().find(|m| !wanted.iter().any(|(id, _)| *id == m.id));
    match unwanted {
        None => {}
        Some(member) if member.id == mesh.store.id() => {
            mesh.store.transfer_leadership(None).await?;
        }
        Some(member) => {
            mesh.store.remove(member.id).await?;
            tracing::info!(id = %member.id, "is out");
        }
    }
    Ok(())
}
