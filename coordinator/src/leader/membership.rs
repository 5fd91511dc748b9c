//! Keeps the Raft group as the state says: admitted replicas become voters, removed ones leave; one change at a time, and
//! nobody goes while the others would be no quorum without it.

use std::time::Duration;

use anyhow::bail;
use ha_domain::id::CoordinatorId;
use ha_domain::plan::surplus;
use ha_domain::spec::quorum;
use ha_domain::state::Command;

use crate::mesh::SharedMesh;
use crate::store::{Member, Role};

/// Between two looks.
const PERIOD: Duration = Duration::from_millis(500);
/// How often, and with which pause, the others are looked at until they have shown that they are there.
const LOOKS: (u32, Duration) = (20, Duration::from_millis(100));

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
        None => give_up_one(mesh).await,
        Some(member) => {
            await_quorum(mesh, member.id).await?;
            if member.id == mesh.store.id() {
                mesh.store.transfer_leadership(None).await?;
            } else {
                mesh.store.remove(member.id).await?;
                tracing::info!(id = %member.id, "is out");
            }
            Ok(())
        }
    }
}

/// Takes a replica that is one too many out of the state; the group follows with the next look. A leader hands over first
/// and leaves it to the next one: from the moment it is out, nobody listens to it.
async fn give_up_one(mesh: &SharedMesh) -> anyhow::Result<()> {
    let Some(id) = mesh.peek(surplus) else { return Ok(()) };
    await_quorum(mesh, id).await?;
    if id == mesh.store.id() {
        let next = mesh.store.transfer_leadership(None).await?;
        tracing::info!(%next, "leads from now on, for this replica is to leave");
        return Ok(());
    }
    mesh.propose("leader", Command::RemoveCoordinator { id }).await?;
    tracing::info!(%id, "is to leave: its machine does, or is no coordinator in the spec any more");
    Ok(())
}

/// Waits until those that stay without `leaving` have shown that enough of them are there: they have an entry made now.
async fn await_quorum(mesh: &SharedMesh, leaving: CoordinatorId) -> anyhow::Result<()> {
    let mark = mesh.store.next_id().await?.0;
    let mut short = None;
    for _ in 0..LOOKS.0 {
        short = lack(&mesh.store.members(), (mesh.store.id(), leaving), mark);
        if short.is_none() {
            return Ok(());
        }
        tokio::time::sleep(LOOKS.1).await;
    }
    match short {
        None => Ok(()),
        Some(why) => bail!("coordinator {leaving} cannot leave: {why}"),
    }
}

/// Why those that stay could not go on alone: too few have the entry `mark`.
fn lack(members: &[Member], (me, leaving): (CoordinatorId, CoordinatorId), mark: u64) -> Option<String> {
    let stay = || members.iter().filter(|m| m.role == Role::Voter && m.id != leaving);
    let there = stay().filter(|m| m.id == me || m.matched.is_some_and(|at| at >= mark)).count();
    let (all, needed) = (stay().count(), quorum(stay().count()));
    (all == 0 || there < needed).then(|| format!("{there} of the {all} that stay answer, a quorum is {needed}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How far each replica is, who is asked about, and whether it counts.
    type Row = (&'static [(u64, u64)], CoordinatorId, bool);

    fn group(matched: &[(u64, u64)]) -> Vec<Member> {
        let member = |(id, matched): &(u64, u64)| Member {
            id: CoordinatorId(*id),
            address: String::new(),
            role: Role::Voter,
            matched: Some(*matched),
        };
        matched.iter().map(member).collect()
    }

    #[test]
    fn nobody_leaves_while_the_others_would_be_no_quorum() {
        let (me, other) = (CoordinatorId(1), CoordinatorId(3));
        let rows: [Row; 6] = [
            (&[(1, 9), (2, 9), (3, 9)], other, true),
            (&[(1, 9), (2, 9), (3, 4)], other, true),
            (&[(1, 9), (2, 4), (3, 9)], other, false),
            (&[(1, 9), (2, 9), (3, 9)], me, true),
            (&[(1, 9), (2, 9), (3, 4)], me, false),
            (&[(1, 9)], me, false),
        ];
        for (n, (matched, leaving, may)) in rows.into_iter().enumerate() {
            assert_eq!(lack(&group(matched), (me, leaving), 9).is_none(), may, "row {n}");
        }
    }

    #[test]
    fn a_learner_is_no_part_of_the_quorum() {
        let mut members = group(&[(1, 9), (2, 9), (3, 9)]);
        members[1].role = Role::Learner;
        assert_eq!(lack(&members, (CoordinatorId(1), CoordinatorId(3)), 9), None);
        members[0].role = Role::Learner;
        assert!(lack(&members, (CoordinatorId(1), CoordinatorId(3)), 9).unwrap().contains("0 of the 0"));
    }
}
