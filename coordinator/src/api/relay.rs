//! Followers relay: a call that only the leader can answer goes on to the leader's peer listener, with the caller's name.
//!
//! The name is believed only on the peer listener, where nothing but coordinators is let in.

use std::future::{Future, Ready, ready};
use std::pin::Pin;
use std::str::FromStr as _;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::future::Either;
use ha_domain::id::{Digest, Identity};
use ha_transport::{ChannelOptions, Endpoint, Peer, Standing, channel};
use http::{HeaderMap, HeaderName, HeaderValue};
use tonic::Status;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Layer, Service, ServiceExt as _};

use crate::config::Ports;
use crate::mesh::SharedMesh;

const IDENTITY: HeaderName = HeaderName::from_static("x-ha-identity");
const FINGERPRINT: HeaderName = HeaderName::from_static("x-ha-fingerprint");
const ADDRESS: HeaderName = HeaderName::from_static("x-ha-address");

/// Files lie on single coordinators: a caller asks one after the other, and each answers for itself.
const LOCAL: &[&str] = &["/ha.v1.Agents/Fetch", "/ha.v1.Agents/Store"];

/// Adds [`Relay`] to a service.
#[derive(Clone)]
pub struct RelayLayer(pub SharedMesh);

impl<S> Layer<S> for RelayLayer {
    type Service = Relay<S>;
    fn layer(&self, inner: S) -> Relay<S> {
        Relay { inner, mesh: Arc::clone(&self.0) }
    }
}

/// Answers where this coordinator leads, relays where another does.
#[derive(Clone)]
pub struct Relay<S> {
    inner: S,
    mesh: SharedMesh,
}

type Answer<E> = Pin<Box<dyn Future<Output = Result<http::Response<Body>, E>> + Send>>;

impl<S> Service<http::Request<Body>> for Relay<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>> + Clone + Send + 'static,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Answer<S::Error>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        strip(request.headers_mut());
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let mesh = Arc::clone(&self.mesh);
        Box::pin(async move {
            if mesh.leads() || LOCAL.contains(&request.uri().path()) {
                return inner.call(request).await;
            }
            Ok(forward(&mesh, request).await.unwrap_or_else(Status::into_http))
        })
    }
}

fn strip(headers: &mut HeaderMap) {
    for name in [IDENTITY, FINGERPRINT, ADDRESS] {
        headers.remove(name);
    }
}

async fn forward(mesh: &SharedMesh, mut request: http::Request<Body>) -> Result<http::Response<Body>, Status> {
    let leader = leader(mesh).await?;
    let peer = request.extensions_mut().remove::<Peer>().ok_or_else(|| Status::unauthenticated("no peer"))?;
    name_caller(request.headers_mut(), &peer).ok_or_else(|| Status::internal("the caller's name cannot travel"))?;
    let answer = leader.oneshot(request).await;
    answer.map_err(|e| Status::unavailable(format!("the leader does not answer: {e}; try again")))
}

/// The leader, waiting a moment where one is being elected.
async fn leader(mesh: &SharedMesh) -> Result<Channel, Status> {
    let mut leadership = mesh.store.leadership();
    let elected = leadership.wait_for(|l| l.leader.is_some() && (!l.is_me || l.ready));
    let patience = tokio::time::timeout(std::time::Duration::from_secs(3), elected).await;
    let leader = match patience {
        Ok(Ok(now)) => now.leader.clone().filter(|_| !now.is_me),
        _ => None,
    };
    let leader = leader.ok_or_else(|| Status::unavailable("no leader is elected at the moment: try again"))?;
    mesh.hub
        .peer_channel(&leader.address, || peer_channel(mesh, &leader.address))
        .map_err(|e| Status::internal(e.to_string()))
}

/// A channel to another coordinator's peer listener.
pub fn peer_channel(mesh: &SharedMesh, address: &str) -> anyhow::Result<Channel> {
    let ports = Ports::of(address)?;
    let endpoint = Endpoint::new(&ports.peers())?;
    Ok(channel(&endpoint, mesh.credentials.clone(), &ChannelOptions::default())?)
}

fn name_caller(headers: &mut HeaderMap, peer: &Peer) -> Option<()> {
    if let (Some(identity), Some(fingerprint)) = (&peer.identity, &peer.fingerprint) {
        headers.insert(IDENTITY, HeaderValue::from_str(&identity.to_string()).ok()?);
        headers.insert(FINGERPRINT, HeaderValue::from_str(fingerprint.as_str()).ok()?);
    }
    headers.insert(ADDRESS, HeaderValue::from_str(&peer.address.to_string()).ok()?);
    Some(())
}

/// Adds [`Relayed`] to the peer listener's services.
#[derive(Clone)]
pub struct RelayedLayer(pub SharedMesh);

impl<S> Layer<S> for RelayedLayer {
    type Service = Relayed<S>;
    fn layer(&self, inner: S) -> Relayed<S> {
        Relayed { inner, mesh: Arc::clone(&self.0) }
    }
}

/// Takes the caller's name from a relayed call; calls of the coordinators themselves keep theirs. Who relays may be wrong
/// about who leads, and what a follower is told nobody acts on: a relayed call is answered by the leader or not at all.
#[derive(Clone)]
pub struct Relayed<S> {
    inner: S,
    mesh: SharedMesh,
}

impl<S> Service<http::Request<Body>> for Relayed<S>
where
    S: Service<http::Request<Body>, Response = http::Response<Body>>,
{
    type Response = http::Response<Body>;
    type Error = S::Error;
    type Future = Either<S::Future, Ready<Result<Self::Response, S::Error>>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: http::Request<Body>) -> Self::Future {
        if let Some(peer) = caller(request.headers()) {
            if !self.mesh.leads() {
                let status = Status::unavailable("the coordinator that was asked does not lead (any more): try again");
                return Either::Right(ready(Ok(status.into_http())));
            }
            request.extensions_mut().insert(peer);
        }
        strip(request.headers_mut());
        Either::Left(self.inner.call(request))
    }
}

fn caller(headers: &HeaderMap) -> Option<Peer> {
    let text = |name: HeaderName| headers.get(name).and_then(|v| v.to_str().ok());
    let address = text(ADDRESS)?.parse().ok()?;
    let identity = text(IDENTITY).and_then(|s| Identity::from_str(s).ok());
    let fingerprint = text(FINGERPRINT).and_then(|s| Digest::try_from(s.to_owned()).ok());
    let standing = if identity.is_some() { Standing::Valid } else { Standing::Anonymous };
    Some(Peer { identity, fingerprint, address, standing })
}
