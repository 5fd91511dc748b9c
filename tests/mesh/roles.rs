//! Every method, called by everybody: whom the role table does not name is stopped at the door.

use futures_util::StreamExt as _;
use ha_coordinator::api::roles::{Allowed, TABLE};
use ha_domain::state::Role;
use ha_proto::v1::agents_client::AgentsClient;
use ha_proto::v1::{AgentMessage, Empty, FetchRequest, Hello, agent_message};
use ha_tests::site::Site;
use ha_transport::{ChannelOptions, CredentialStore, Credentials, Endpoint, ServerLimits, channel, pinned_channel};
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use crate::shared;

/// Which rows of the table name somebody.
type May = fn(Allowed) -> bool;

/// Somebody with an open connection.
struct Caller {
    name: &'static str,
    channel: Channel,
    may: May,
}

/// An empty message is one of every type; what handlers make of it does no harm.
async fn call(channel: &Channel, method: &str) -> Result<(), Status> {
    ask(channel, method, Request::new(Empty {})).await
}

async fn ask(channel: &Channel, method: &str, request: Request<Empty>) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("the connection stands");
    let codec = tonic_prost::ProstCodec::<Empty, Empty>::default();
    let path = PathAndQuery::try_from(method).unwrap();
    grpc.server_streaming(request, path, codec).await.map(|_| ())
}

/// The door said no; handlers have other words.
fn stopped_at_the_door(outcome: &Result<(), Status>) -> bool {
    const WORDS: [&str; 3] = ["is not for this certificate", "this needs the role", "is not served"];
    let words = |status: &Status| WORDS.iter().any(|w| status.message().contains(w));
    outcome.as_ref().is_err_and(|status| status.code() == Code::PermissionDenied && words(status))
}

fn at(site: &Site, port: u16) -> Endpoint {
    Endpoint::new(&format!("{}:{port}", site.replicas.leader().unwrap().address)).unwrap()
}

fn with(site: &Site, port: u16, credentials: CredentialStore) -> Channel {
    channel(&at(site, port), credentials, &ChannelOptions::default()).unwrap()
}

async fn callers(site: &Site) -> Vec<Caller> {
    let anonymous = pinned_channel(&at(site, 7401), &site.join.pin, &ChannelOptions::default()).await.unwrap().channel;
    let stranger = shared::stranger("walker");
    stranger.join(&site.join).await.unwrap();
    let agent = CredentialStore::new(Credentials::load(&stranger.config().keys, "agent").unwrap()).unwrap();
    let keys = site.replicas.leader().unwrap().keys();
    let coordinator = CredentialStore::new(Credentials::load(keys, "coordinator").unwrap()).unwrap();
    let mut callers = vec![
        Caller { name: "anonymous", channel: anonymous, may: |a| a == Allowed::Anyone },
        Caller {
            name: "agent",
            channel: with(site, 7401, agent),
            may: |a| matches!(a, Allowed::Anyone | Allowed::Member | Allowed::Agent),
        },
        Caller {
            name: "coordinator",
            channel: with(site, 7400, coordinator),
            may: |a| matches!(a, Allowed::Anyone | Allowed::Member | Allowed::Coordinator),
        },
    ];
    let operators: [(&str, May); 3] = [
        ("reader", |a| matches!(a, Allowed::Anyone | Allowed::Operator(Role::Reader))),
        ("operator", |a| matches!(a, Allowed::Anyone | Allowed::Operator(Role::Reader | Role::Operator))),
        ("admin", |a| matches!(a, Allowed::Anyone | Allowed::Operator(_))),
    ];
    for (role, may) in operators {
        let operator = shared::operator(site, &format!("walking-{role}"), role).await;
        callers.push(Caller { name: role, channel: with(site, 7402, operator.credentials), may });
    }
    callers
}

#[tokio::test]
async fn whom_the_table_does_not_name_is_stopped_at_the_door() {
    let (site, _quiet) = shared::site().await;
    // Wherever the lead is by now: whoever is asked counts.
    let refusals = || site.replicas.seats().filter_map(|seat| seat.look(|m| m.hub.refusals())).sum::<u64>();
    for caller in callers(site).await {
        for (method, allowed) in TABLE {
            let before = refusals();
            let outcome = call(&caller.channel, method).await;
            let may = (caller.may)(*allowed);
            assert_eq!(stopped_at_the_door(&outcome), !may, "{} calls {method}: {outcome:?}", caller.name);
            assert!(may || refusals() > before, "{} calls {method}: not counted", caller.name);
        }
        let outcome = call(&caller.channel, "/ha.v1.Control/Unheard").await;
        assert!(stopped_at_the_door(&outcome), "{} calls what is not there: {outcome:?}", caller.name);
    }
}

#[tokio::test]
async fn without_a_certificate_only_the_agents_door_opens() {
    let (site, _quiet) = shared::site().await;
    for port in [7400, 7402] {
        let opened = pinned_channel(&at(site, port), &site.join.pin, &ChannelOptions::default()).await;
        assert!(opened.is_err(), "{port} lets anybody in");
    }
}

#[tokio::test]
async fn the_name_that_a_caller_writes_into_a_call_is_not_believed() {
    let (site, _quiet) = shared::site().await;
    let operator = shared::operator(site, "pretender", "reader").await;
    let admin = &site.admin.credentials.current();
    for endpoint in operator.endpoints() {
        let channel = channel(endpoint, operator.credentials.clone(), &ChannelOptions::default()).unwrap();
        let mut request = Request::new(Empty {});
        let headers = request.metadata_mut();
        // As a follower writes them when it relays.
        headers.insert("x-ha-identity", admin.identity.to_string().parse().unwrap());
        headers.insert("x-ha-fingerprint", admin.fingerprint.to_string().parse().unwrap());
        headers.insert("x-ha-address", "127.0.0.1:1".parse().unwrap());
        let outcome = ask(&channel, "/ha.v1.Control/CreateToken", request).await;
        assert!(stopped_at_the_door(&outcome), "{endpoint}: {outcome:?}");
    }
}

/// The largest message that the service of a method takes, in bytes.
fn limit(method: &str) -> usize {
    let limits = match method.split('/').nth(1) {
        Some("ha.v1.Control") => ServerLimits::operators(),
        Some("ha.v1.Peer") => return ha_coordinator::store::MESSAGE_LIMIT,
        _ => ServerLimits::agents(),
    };
    limits.message_bytes
}

/// Sends one message of any type: its length is judged before its content.
async fn send_heavy(channel: &Channel, method: &str, bytes: usize) -> Result<(), Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.expect("the connection stands");
    let codec = tonic_prost::ProstCodec::<FetchRequest, Empty>::default();
    let path = PathAndQuery::try_from(method).unwrap();
    let heavy = Request::new(FetchRequest { digest: "x".repeat(bytes) });
    let mut answers = grpc.server_streaming(heavy, path, codec).await?.into_inner();
    answers.message().await.map(|_| ())
}

/// Whether an agent whose first word has so many bytes is answered: a session that cannot be read ends without a word.
async fn is_welcome(channel: &Channel, bytes: usize) -> bool {
    let hello = Hello { version: "x".repeat(bytes), ..Hello::default() };
    let hello = AgentMessage { message: Some(agent_message::Message::Hello(hello)) };
    // It goes on listening, so that only the other side can end it.
    let words = futures_util::stream::once(async { hello }).chain(futures_util::stream::pending());
    let answers = AgentsClient::new(channel.clone()).session(words).await;
    matches!(answers.unwrap().into_inner().message().await, Ok(Some(_)))
}

#[tokio::test]
async fn a_message_beyond_the_limit_of_its_service_is_not_read() {
    let (site, _quiet) = shared::site().await;
    for caller in callers(site).await {
        for (method, _) in TABLE.iter().filter(|(_, allowed)| (caller.may)(*allowed)) {
            if *method == "/ha.v1.Agents/Session" {
                assert!(!is_welcome(&caller.channel, limit(method) + 1).await, "{} says too much", caller.name);
                assert!(is_welcome(&caller.channel, 10).await, "{} is not welcome", caller.name);
                continue;
            }
            let outcome = send_heavy(&caller.channel, method, limit(method) + 1).await;
            // Or its service is behind another door.
            let not_here = outcome.as_ref().is_err_and(|s| s.code() == Code::Unimplemented);
            let too_large = outcome.as_ref().is_err_and(|s| s.message().contains("length too large"));
            assert!(too_large || not_here, "{} sends {method} too much: {outcome:?}", caller.name);
        }
    }
}
