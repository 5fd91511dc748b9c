//! Channels to coordinators: mutual TLS with whatever credentials are current, reconnecting by themselves.
//!
//! Knows nothing of the services called over them, nor of which coordinator leads.

use std::sync::Arc;
use std::time::Duration;

use ha_domain::id::{CoordinatorId, Subject};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::{DnsName, ServerName};
use tokio::io::AsyncBufReadExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint as TonicEndpoint};

use crate::ca::COORDINATOR_DNS_NAME;
use crate::certificate::Facts;
use crate::diagnose::{Cause, ConnectFailure};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::store::CredentialStore;

/// How a channel behaves.
#[derive(Debug, Clone)]
pub struct ChannelOptions {
    /// For TCP and TLS together.
    pub connect_timeout: Duration,
    /// Silence after which the connection is asked for a sign of life, also when idle.
    pub keepalive_interval: Duration,
    /// How long that sign may take.
    pub keepalive_timeout: Duration,
    /// Limit for each call until its response begins; calls that set their own deadline keep it if it is shorter.
    pub request_timeout: Option<Duration>,
    /// When set, only this replica will do (for the mesh between coordinators).
    pub expect: Option<CoordinatorId>,
}

impl Default for ChannelOptions {
    fn default() -> Self {
        Self {
            connect_timeout: Duration::from_secs(3),
            keepalive_interval: Duration::from_secs(5),
            keepalive_timeout: Duration::from_secs(3),
            request_timeout: None,
            expect: None,
        }
    }
}

/// A channel that connects at its first call, and again after each loss. Must be called inside a tokio runtime.
///
/// # Errors
/// When the endpoint is no URI authority.
pub fn channel(endpoint: &Endpoint, credentials: CredentialStore, options: &ChannelOptions) -> Result<Channel, Error> {
    let target = Dial { endpoint: endpoint.clone(), limit: options.connect_timeout, expect: options.expect };
    let connector = tower::service_fn(move |_: http::Uri| {
        let config = Arc::clone(&credentials.current().client);
        let target = target.clone();
        async move { target.dial(config).await.map(TokioIo::new) }
    });
    Ok(template(endpoint, options)?.connect_with_connector_lazy(connector))
}

/// The settings of a channel. The scheme is http because the connector brings TLS itself.
pub(crate) fn template(endpoint: &Endpoint, options: &ChannelOptions) -> Result<TonicEndpoint, Error> {
    let template = TonicEndpoint::from_shared(format!("http://{endpoint}"));
    let template = template.map_err(|e| Error::unusable("endpoint", e))?;
    let template = template
        .http2_keep_alive_interval(options.keepalive_interval)
        .keep_alive_timeout(options.keepalive_timeout)
        .keep_alive_while_idle(true)
        .http2_max_header_list_size(16 * 1024);
    Ok(match options.request_timeout {
        Some(limit) => template.timeout(limit),
        None => template,
    })
}

/// What to dial, and whom to expect there.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(crate) endpoint: Endpoint,
    pub(crate) limit: Duration,
    pub(crate) expect: Option<CoordinatorId>,
}

impl Dial {
    /// TCP and TLS; when this returns, both certificates have been checked and we have said nothing else.
    pub(crate) async fn dial(&self, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, ConnectFailure> {
        let outcome = timeout(self.limit, self.shake(config)).await.unwrap_or(Err(Cause::TimedOut));
        outcome.map_err(|cause| ConnectFailure { endpoint: self.endpoint.clone(), cause })
    }

    async fn shake(&self, config: Arc<ClientConfig>) -> Result<TlsStream<TcpStream>, Cause> {
        let tcp = TcpStream::connect(self.endpoint.as_str()).await.map_err(|e| Cause::of(&e))?;
        tcp.set_nodelay(true).map_err(|e| Cause::of(&e))?;
        let mut tls = TlsConnector::from(config).connect(server_name(), tcp).await.map_err(|e| Cause::of(&e))?;
        self.check_replica(&tls)?;
        // In TLS 1.3 the handshake is over before the server has looked at our certificate. An HTTP/2 server speaks first:
        // waiting for that tells a refusal apart from a failed call, with its reason, and before anything was sent.
        match tls.fill_buf().await {
            Ok([]) => Err(Cause::HungUp),
            Ok(_) => Ok(tls),
            Err(e) => Err(Cause::of(&e)),
        }
    }

    fn check_replica(&self, tls: &TlsStream<TcpStream>) -> Result<(), Cause> {
        let Some(expected) = self.expect else { return Ok(()) };
        let leaf = tls.get_ref().1.peer_certificates().and_then(|certs| certs.first());
        let identity = leaf.and_then(|leaf| Facts::of_der(leaf).ok()).and_then(|facts| facts.identity().ok());
        match identity.map(|i| i.subject) {
            Some(Subject::Coordinator(id)) if id == expected => Ok(()),
            _ => Err(Cause::OtherReplica),
        }
    }
}

/// Coordinators all answer to one name, so that addresses can change without new certificates.
fn server_name() -> ServerName<'static> {
    #[expect(clippy::expect_used, reason = "the constant is a DNS name; a test dials with it")]
    let name = DnsName::try_from(COORDINATOR_DNS_NAME).expect("a DNS name");
    ServerName::DnsName(name)
}
