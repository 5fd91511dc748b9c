//! The way to any coordinator: the first that answers will do, followers relay; a lost one is replaced by the next.

use std::time::Duration;

use ha_proto::v1::control_client::ControlClient;
use ha_transport::{ChannelOptions, CredentialStore, Endpoint, channel};
use tonic::transport::Channel;
use tonic::{Response, Status};

use crate::context::Context;
use crate::exit::Failure;

/// How often a call is tried before "no coordinator reachable" is the answer.
const ROUNDS: u32 = 12;
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(400);
/// Replies can be long: nodes with all their reports.
const REPLY_BYTES: usize = 16 << 20;

/// A client of the operators' service.
pub(crate) type Control = ControlClient<Channel>;

/// The coordinators of one context.
pub(crate) struct Client {
    credentials: CredentialStore,
    endpoints: Vec<Endpoint>,
}

impl Client {
    /// For a context.
    pub(crate) fn of(context: &Context) -> Result<Self, Failure> {
        let endpoints = context.endpoints()?;
        if endpoints.is_empty() {
            return Err(Failure::Refused("this context names no coordinator: log in again".to_owned()));
        }
        Ok(Self { credentials: context.credentials()?, endpoints })
    }

    /// Calls any coordinator that answers. The call is repeated where none was reached or no leader was elected: mutating
    /// calls carry a key, so that a repetition is the same call.
    pub(crate) async fn call<T>(&self, call: impl AsyncFn(Control) -> Result<Response<T>, Status>) -> Result<T, Failure> {
        let mut last = Status::unavailable("no coordinator answers");
        for round in 0..ROUNDS {
            for endpoint in &self.endpoints {
                match call(self.control(endpoint)?).await {
                    Ok(reply) => return Ok(reply.into_inner()),
                    Err(status) if is_transient(&status) => last = status,
                    Err(status) => return Err(status.into()),
                }
            }
            if round + 1 < ROUNDS {
                tokio::time::sleep(PAUSE).await;
            }
        }
        let tried: Vec<_> = self.endpoints.iter().map(ToString::to_string).collect();
        Err(Failure::Unreachable(format!("no coordinator is reachable (tried {}): {}", tried.join(", "), last.message())))
    }

    fn control(&self, endpoint: &Endpoint) -> Result<Control, Failure> {
        let options = ChannelOptions { connect_timeout: Duration::from_secs(2), ..ChannelOptions::default() };
        let channel = channel(endpoint, self.credentials.clone(), &options).map_err(|e| Failure::Failed(e.to_string()))?;
        Ok(ControlClient::new(channel).max_decoding_message_size(REPLY_BYTES))
    }
}

/// Worth another try: nobody was there, or nobody led.
pub(crate) fn is_transient(status: &Status) -> bool {
    use tonic::Code as C;
    matches!(status.code(), C::Unavailable | C::Unknown | C::Cancelled | C::Internal)
}

/// A fresh idempotency key.
pub(crate) fn key() -> String {
    format!("{:032x}", rand::random::<u128>())
}
