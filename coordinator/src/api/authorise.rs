//! The door of every service: which row of the role table fits the caller. Nothing behind it asks again.

use std::sync::Arc;
use std::task::{Context, Poll};

use ha_domain::id::Subject;
use ha_domain::state::Role;
use ha_transport::{Peer, Standing};
use tonic::Status;
use tonic::body::Body;
use tower::{Layer, Service};

use super::roles::{Allowed, allowed};
use crate::mesh::SharedMesh;

/// Adds [`Authorise`] to a service.
#[derive(Clone)]
pub struct AuthoriseLayer(pub SharedMesh);

impl<S> Layer<S> for AuthoriseLayer {
    type Service = Authorise<S>;
    fn layer(&self, inner: S) -> Authorise<S> {
        Authorise { inner, mesh: Arc::clone(&self.0) }
    }
}

/// Refuses callers that the table does not name for the method.
#[derive(Clone)]
pub struct Authorise<S> {
    inner: S,
    mesh: SharedMesh,
}

impl<S> Service<http::Request<Body>> for Authorise<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = futures_util::future::Either<S::Future, std::future::Ready<Result<Self::Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        use futures_util::future::Either;
        let peer = request.extensions().get::<Peer>();
        match judge(&self.mesh, request.uri().path(), peer) {
            Ok(()) => Either::Left(self.inner.call(request)),
            Err(status) => {
                self.mesh.hub.count_refusal();
                Either::Right(std::future::ready(Ok(status.into_http())))
            }
        }
    }
}

fn judge(mesh: &SharedMesh, path: &str, peer: Option<&Peer>) -> Result<(), Status> {
    let row = allowed(path).ok_or_else(|| Status::permission_denied(format!("{path} is not served")))?;
    let peer = peer.ok_or_else(|| Status::unauthenticated("the connection has no peer"))?;
    let subject = peer.identity.as_ref().map(|i| &i.subject);
    if peer.standing == Standing::Expired && !path.ends_with("/Renew") && !path.ends_with("/RenewOperator") {
        return Err(Status::unauthenticated("this certificate has expired: it may only renew itself"));
    }
    match (row, subject) {
        (Allowed::Anyone, _) => Ok(()),
        (Allowed::Agent, Some(Subject::Agent(_))) | (Allowed::Coordinator, Some(Subject::Coordinator(_))) => Ok(()),
        (Allowed::Member, Some(Subject::Agent(_) | Subject::Coordinator(_))) => Ok(()),
        (Allowed::Operator(least), Some(Subject::Operator(name))) => {
            let role = mesh.peek(|s| s.users.get(name).map(|u| u.role));
            match role {
                Some(role) if role >= least => Ok(()),
                Some(role) => Err(too_little(least, role)),
                None => Err(Status::permission_denied(format!("{name} is no operator (any more)"))),
            }
        }
        (Allowed::Agent | Allowed::Coordinator | Allowed::Member | Allowed::Operator(_), _) => {
            Err(Status::permission_denied(format!("{path} is not for this certificate")))
        }
    }
}

fn too_little(least: Role, role: Role) -> Status {
    Status::permission_denied(format!("this needs the role {}, you are {}", least.word(), role.word()))
}
