//! The operators' service: each method hands over to the file of its concern.

mod healing;
mod looks;
mod people;

pub(crate) use people::fresh_token;
mod spec;
mod streams;
mod whatif;

use std::pin::Pin;

use ha_domain::id::Subject;
use ha_proto::v1::control_server::Control;
use ha_proto::v1::*;
use ha_transport::Peer;
use tokio_stream::Stream;
use tonic::{Request, Response, Status};

use crate::mesh::SharedMesh;

/// The operators' service.
#[derive(Clone)]
pub struct ControlService {
    mesh: SharedMesh,
}

impl ControlService {
    /// On a mesh.
    pub fn new(mesh: SharedMesh) -> Self {
        Self { mesh }
    }
}

type Documents = Pin<Box<dyn Stream<Item = Result<Document, Status>> + Send>>;
type Lines = Pin<Box<dyn Stream<Item = Result<LogLines, Status>> + Send>>;
type Answer<T> = Result<Response<T>, Status>;

/// The operator who calls, for the journal and events.
fn caller<T>(request: &Request<T>) -> String {
    match request.extensions().get::<Peer>().and_then(|p| p.identity.as_ref()).map(|i| &i.subject) {
        Some(Subject::Operator(name)) => name.to_string(),
        Some(Subject::Agent(_) | Subject::Coordinator(_)) | None => "unknown".to_owned(),
    }
}

#[tonic::async_trait]
impl Control for ControlService {
    type WatchStream = Documents;
    type EventsStream = Documents;
    type LogsStream = Lines;

    async fn apply(&self, request: Request<ApplyRequest>) -> Answer<ApplyReply> {
        let by = caller(&request);
        spec::apply(&self.mesh, &by, request.into_inner()).await
    }
    async fn plan(&self, request: Request<PlanRequest>) -> Answer<Document> {
        spec::plan(&self.mesh, request.into_inner()).await
    }
    async fn status(&self, _: Request<StatusRequest>) -> Answer<Document> {
        looks::status(&self.mesh).await
    }
    async fn watch(&self, _: Request<WatchRequest>) -> Answer<Documents> {
        streams::watch(&self.mesh)
    }
    async fn what_if(&self, request: Request<WhatIfRequest>) -> Answer<Document> {
        whatif::what_if(&self.mesh, &request.into_inner()).await
    }
    async fn nodes(&self, _: Request<NodesRequest>) -> Answer<Document> {
        looks::nodes(&self.mesh).await
    }
    async fn remove_node(&self, request: Request<RemoveNodeRequest>) -> Answer<Document> {
        let by = caller(&request);
        spec::remove_node(&self.mesh, &by, request.into_inner()).await
    }
    async fn steps(&self, request: Request<StepsRequest>) -> Answer<Document> {
        looks::steps(&self.mesh, request.into_inner().all).await
    }
    async fn events(&self, request: Request<EventsRequest>) -> Answer<Documents> {
        streams::events(&self.mesh, request.into_inner())
    }
    async fn logs(&self, request: Request<LogsRequest>) -> Answer<Lines> {
        streams::logs(&self.mesh, request.into_inner())
    }
    async fn create_token(&self, request: Request<CreateTokenRequest>) -> Answer<CreateTokenReply> {
        let by = caller(&request);
        people::create_token(&self.mesh, &by, request.into_inner()).await
    }
    async fn tokens(&self, _: Request<TokensRequest>) -> Answer<Document> {
        looks::tokens(&self.mesh).await
    }
    async fn revoke_token(&self, request: Request<RevokeRequest>) -> Answer<Empty> {
        let by = caller(&request);
        people::revoke_token(&self.mesh, &by, request.into_inner()).await
    }
    async fn add_user(&self, request: Request<AddUserRequest>) -> Answer<CreateTokenReply> {
        let by = caller(&request);
        people::add_user(&self.mesh, &by, request.into_inner()).await
    }
    async fn users(&self, _: Request<UsersRequest>) -> Answer<Document> {
        looks::users(&self.mesh).await
    }
    async fn revoke_user(&self, request: Request<RevokeRequest>) -> Answer<Empty> {
        let by = caller(&request);
        people::revoke_user(&self.mesh, &by, request.into_inner()).await
    }
    async fn set_secret(&self, request: Request<SetSecretRequest>) -> Answer<Empty> {
        let by = caller(&request);
        people::set_secret(&self.mesh, &by, request.into_inner()).await
    }
    async fn secrets(&self, _: Request<SecretsRequest>) -> Answer<Document> {
        looks::secrets(&self.mesh).await
    }
    async fn kubeconfig(&self, _: Request<KubeconfigRequest>) -> Answer<KubeconfigReply> {
        streams::kubeconfig(&self.mesh).await
    }
    async fn spec(&self, request: Request<SpecRequest>) -> Answer<SpecReply> {
        spec::show(&self.mesh, request.into_inner().generation).await
    }
    async fn version(&self, _: Request<VersionRequest>) -> Answer<VersionReply> {
        looks::version(&self.mesh)
    }
    async fn echo(&self, _: Request<EchoRequest>) -> Answer<Document> {
        streams::echo(&self.mesh).await
    }
    async fn healing(&self, _: Request<HealingRequest>) -> Answer<Document> {
        healing::show(&self.mesh).await
    }
    async fn incidents(&self, _: Request<HealingRequest>) -> Answer<Document> {
        healing::incidents(&self.mesh).await
    }
    async fn heal(&self, request: Request<HealRequest>) -> Answer<Empty> {
        let by = caller(&request);
        healing::steer(&self.mesh, &by, request.into_inner()).await
    }
    async fn maintain(&self, request: Request<MaintenanceRequest>) -> Answer<Empty> {
        let by = caller(&request);
        healing::maintain(&self.mesh, &by, request.into_inner()).await
    }
    async fn renew_operator(&self, request: Request<RenewRequest>) -> Answer<Certificate> {
        let identity = request.extensions().get::<Peer>().and_then(|p| p.identity.clone());
        let identity = identity.ok_or_else(|| Status::unauthenticated("no certificate"))?;
        super::agents::certify(&self.mesh, &identity, &request.into_inner().csr).await.map(Response::new)
    }
}
