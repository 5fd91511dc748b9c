//! Followers relay, and may be wrong about who leads.

use ha_domain::id::Subject;
use ha_proto::v1::Empty;
use ha_tests::coordinator::CoordinatorSeat;
use ha_tests::site::Site;
use ha_tests::until::until_so;
use ha_transport::{ChannelOptions, CredentialStore, Credentials, Endpoint, channel};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::metadata::MetadataValue;
use tonic::{Code, Request, Status};

use crate::shared;

/// A site of its own: others look at the shared one, and who leads it must not move below them.
async fn built(name: &str) -> Site {
    let site = shared::found(name).await;
    shared::apply(&site).await;
    site.converged().await.unwrap();
    site
}

/// An agent's session as a coordinator relays it, said to `seat`.
async fn relayed(site: &Site, seat: &CoordinatorSeat) -> Result<(), Status> {
    let leader = site.replicas.leader().unwrap();
    let certificate = leader.look(|m| {
        m.peek(|s| {
            let agent = s.certificates.iter().find(|(_, c)| matches!(c.identity.subject, Subject::Agent(_)));
            agent.map(|(fingerprint, c)| (fingerprint.to_string(), c.identity.to_string())).unwrap()
        })
    });
    let (fingerprint, identity) = certificate.unwrap();
    let credentials = CredentialStore::new(Credentials::load(leader.keys(), "coordinator").unwrap()).unwrap();
    let endpoint = Endpoint::new(&format!("{}:7400", seat.address)).unwrap();
    let mut request = Request::new(Empty {});
    let said =
        [("x-ha-identity", identity), ("x-ha-fingerprint", fingerprint), ("x-ha-address", "10.0.0.1:40000".to_owned())];
    for (name, value) in said {
        request.metadata_mut().insert(name, MetadataValue::try_from(value).unwrap());
    }
    let mut grpc = tonic::client::Grpc::new(channel(&endpoint, credentials, &ChannelOptions::default()).unwrap());
    grpc.ready().await.expect("the connection stands");
    let codec = tonic_prost::ProstCodec::<Empty, Empty>::default();
    let path = PathAndQuery::from_static("/ha.v1.Agents/Session");
    grpc.server_streaming(request, path, codec).await.map(|_| ())
}

#[tokio::test]
async fn what_is_relayed_to_one_that_does_not_lead_is_refused_and_not_kept() {
    let site = built("relayed").await;
    for seat in site.replicas.seats().filter(|seat| seat.is_healthy()) {
        let answer = relayed(&site, seat).await;
        // Who leads may have changed meanwhile: whoever leads now took it or refused it as a follower did.
        if !seat.leads() {
            let refusal = answer.expect_err(&seat.name);
            assert!(refusal.code() == Code::Unavailable && refusal.message().contains("does not lead"), "{refusal}");
            assert_eq!(seat.look(|m| m.hub.sessions()), Some(0), "{}", seat.name);
        }
    }
    // The machine whose name was used has its own session again.
    site.converged().await.unwrap();
    site.end().await;
}

#[tokio::test]
async fn agents_that_came_through_followers_come_again_when_the_lead_moves() {
    let site = built("moving-lead").await;
    let machines = site.agents.lock().await.len();
    let where_they_belong = || {
        let mut running = site.replicas.seats().filter(|seat| seat.is_healthy());
        let belongs = |seat: &CoordinatorSeat| seat.look(|m| m.hub.sessions() == if m.leads() { machines } else { 0 });
        site.replicas.leader().is_some() && running.all(|seat| belongs(seat) == Some(true))
    };
    for _ in 0..3 {
        until_so("all sessions with the leader", where_they_belong).await.unwrap();
        let old = site.replicas.leader().unwrap().clone();
        old.mesh().unwrap().store.transfer_leadership(None).await.unwrap();
        until_so("another leader", || site.replicas.leader().is_some_and(|l| l.name != old.name)).await.unwrap();
    }
    until_so("all sessions with the leader", where_they_belong).await.unwrap();
    site.end().await;
}
