//! A node taken out of the cluster for good, through another control plane: its etcd member first, then its Node.

use std::net::IpAddr;
use std::time::Duration;

use ha_domain::step::RemoveNode;

use super::etcd_api::{Etcd, Member};
use super::kube_api::KubeApi;
use super::service::Wait;
use super::{ActError, Context, Probe};

pub(super) async fn probe(action: &RemoveNode, cx: &Context<'_>) -> Result<Probe, ActError> {
    if let Some(address) = action.etcd_peer
        && Etcd::here(cx).await?.members().await?.iter().any(|m| m.is(&action.node, address))
    {
        return Ok(Probe::Differs(format!("{} is still a member of etcd", action.node)));
    }
    Ok(match KubeApi::here(cx).await?.get(&path(action)).await? {
        Some(_) => Probe::Differs(format!("{} is still a node", action.node)),
        None => Probe::converged(),
    })
}

pub(super) async fn act(action: &RemoveNode, cx: &Context<'_>) -> Result<(), ActError> {
    let api = KubeApi::here(cx).await?;
    if let Some(address) = action.etcd_peer {
        let etcd = Etcd::here(cx).await?;
        let members = etcd.members().await?;
        if let Some(member) = members.iter().find(|m| m.is(&action.node, address)) {
            remove_member(cx, &etcd, &members, member).await?;
        }
        wait_until_gone(&etcd, &action.node, address).await?;
    }
    (cx.progress)(format!("deleting the node {}", action.node));
    api.delete(&path(action)).await
}

fn path(action: &RemoveNode) -> String {
    format!("/api/v1/nodes/{}", action.node)
}

async fn remove_member(cx: &Context<'_>, etcd: &Etcd<'_>, all: &[Member], member: &Member) -> Result<(), ActError> {
    let mut healthy = Vec::new();
    for other in all.iter().filter(|m| m.id != member.id && !m.is_learner) {
        if etcd.is_healthy(other).await {
            healthy.push(other);
        }
    }
    let voters = all.iter().filter(|m| !m.is_learner && m.id != member.id).count();
    keeps_quorum(voters, healthy.len(), member)?;
    if etcd.leader().await? == member.id
        && let Some(next) = healthy.first()
    {
        (cx.progress)(format!("etcd's leadership goes to {}", next.name));
        // A leader that is dying may not answer: the others elect one then.
        let _ = etcd.move_leader(member, next).await;
    }
    (cx.progress)(format!("removing the etcd member {}", member.name));
    etcd.remove(member).await
}

/// What stays must be able to decide: more than half of the voters that are left have to be healthy.
fn keeps_quorum(voters: usize, healthy: usize, member: &Member) -> Result<(), ActError> {
    let quorum = voters / 2 + 1;
    if voters > 0 && healthy >= quorum {
        return Ok(());
    }
    let name = if member.name.is_empty() { "it" } else { &member.name };
    Err(ActError::Refused(format!(
        "without {name} etcd has {voters} voters, a quorum of them is {quorum}, and {healthy} are healthy: \
         the cluster would stop. Bring the others back first"
    )))
}

async fn wait_until_gone(etcd: &Etcd<'_>, name: &str, address: IpAddr) -> Result<(), ActError> {
    let wait = Wait::new(60, Duration::from_millis(300), "etcd to go on without the member");
    loop {
        let last = match etcd.members().await {
            Ok(members) if members.iter().any(|m| m.is(name, address)) => "it is still there".to_owned(),
            Ok(_) => return Ok(()),
            Err(error) => error.to_string(),
        };
        wait.again(last).await?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_removal_that_would_stop_etcd_is_refused_with_the_arithmetic() {
        let member = Member { name: "m3".to_owned(), ..Member::default() };
        assert!(keeps_quorum(2, 2, &member).is_ok());
        let said = keeps_quorum(2, 1, &member).unwrap_err().to_string();
        assert!(said.contains("without m3 etcd has 2 voters, a quorum of them is 2, and 1 are healthy"), "{said}");
        assert!(keeps_quorum(0, 0, &member).is_err(), "the last member is the data");
    }
}
