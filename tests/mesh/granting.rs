//! Nothing begins that the state has not granted.

use ha_coordinator::leader::grant;

use crate::shared;

#[tokio::test]
async fn what_the_state_refuses_to_grant_is_not_granted_and_no_secret_goes_out() {
    let (site, _quiet) = shared::site().await;
    let mesh = site.replicas.leader().unwrap().mesh().unwrap();
    let ended = mesh.peek(|s| {
        let mut ended = s.journal.values().filter(|r| !r.status.in_flight() && !r.step.action.credentials().is_empty());
        ended.next().map(|r| r.step.clone())
    });
    let step = ended.expect("a site that was built has steps that ended, with secrets");
    let reply = grant(&mesh, &step.machine, step.id.as_str()).await;
    assert!(!reply.granted && reply.credentials.is_empty() && !reply.refusal.is_empty(), "{}", step.id);
}
