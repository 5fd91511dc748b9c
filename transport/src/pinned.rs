//! The channel of an enrolment or login: all that is known of the server is the pin of its authority.
//!
//! Not a byte of the application is sent before the pin was checked. There is no way to skip the check.

use std::sync::{Arc, Mutex, PoisonError};

use ha_domain::id::{ClusterName, Digest};
use hyper_util::rt::TokioIo;
use rustls::pki_types::CertificateDer;
use tokio::net::TcpStream;
use tokio_rustls::client::TlsStream;
use tonic::transport::Channel;

use crate::certificate::{Facts, pem_of};
use crate::connect::{ChannelOptions, Dial, template};
use crate::diagnose::{Cause, ConnectFailure};
use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::tls;
use crate::verify::{PinnedVerifier, pinned_among};

/// A channel to a server whose authority has the pinned key.
#[derive(Debug)]
pub struct Pinned {
    /// Connected already; every reconnect checks the pin anew.
    pub channel: Channel,
    /// The authority's certificate, to be kept as `ca.pem`.
    pub ca_pem: String,
    /// The cluster it is the authority of.
    pub cluster: ClusterName,
}

/// Connects to `endpoint`, showing no certificate and accepting only the pinned authority.
///
/// # Errors
/// [`Error::Connect`], with [`Cause::PinMismatch`] when another authority is shown.
pub async fn pinned_channel(endpoint: &Endpoint, pin: &Digest, options: &ChannelOptions) -> Result<Pinned, Error> {
    let config = Arc::new(tls::anonymous_config(Arc::new(PinnedVerifier::new(pin)))?);
    let target = Dial { endpoint: endpoint.clone(), limit: options.connect_timeout, expect: options.expect };
    let first = target.dial(Arc::clone(&config)).await?;
    let authority = authority_of(&first, pin)
        .ok_or_else(|| ConnectFailure { endpoint: endpoint.clone(), cause: Cause::PinMismatch })?;
    let cluster = Facts::of_der(&authority)?.authority_of()?;
    let ca_pem = pem_of(&authority);

    // The first connection is used as it is; later ones are dialled anew.
    let first = Arc::new(Mutex::new(Some(first)));
    let connector = tower::service_fn(move |_: http::Uri| {
        let ready = first.lock().unwrap_or_else(PoisonError::into_inner).take();
        let (target, config) = (target.clone(), Arc::clone(&config));
        async move {
            match ready {
                Some(tls) => Ok(TokioIo::new(tls)),
                None => target.dial(config).await.map(TokioIo::new),
            }
        }
    });
    let channel = template(endpoint, options)?.connect_with_connector_lazy(connector);
    Ok(Pinned { channel, ca_pem, cluster })
}

fn authority_of(tls: &TlsStream<TcpStream>, pin: &Digest) -> Option<CertificateDer<'static>> {
    let certs = tls.get_ref().1.peer_certificates()?;
    pinned_among(certs, pin).map(|cert| cert.clone().into_owned())
}
