//! Somebody with an operator's certificate: logs in, and calls whichever coordinator answers.
//!
//! Knows nothing of what is asked.

use std::time::Duration;

use ha_domain::view::{SiteStatus, StepView};
use ha_proto::v1::control_client::ControlClient;
use ha_proto::v1::enrolment_client::EnrolmentClient;
use ha_proto::v1::{
    AddUserRequest, ApplyReply, ApplyRequest, Document, EnrolRequest, StatusRequest, StepsRequest, VersionRequest,
};
use ha_transport::{
    ChannelOptions, CredentialStore, Credentials, Endpoint, LocalKey, LoginString, channel, pinned_channel,
};
use serde::de::DeserializeOwned;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::until::until;

/// Replies can be long: nodes with all their reports.
const REPLY_BYTES: usize = 16 << 20;
/// How long a coordinator may take to begin its answer.
const ANSWER: Duration = Duration::from_secs(30);

/// A client of the operators' service.
pub type Control = ControlClient<Channel>;

/// Somebody who may call.
#[derive(Clone)]
pub struct Operator {
    /// Whose certificate it is.
    pub credentials: CredentialStore,
    endpoints: Vec<Endpoint>,
}

impl Operator {
    /// `hactl login`.
    ///
    /// # Errors
    /// Why nobody certified the key.
    pub async fn login(invitation: &LoginString) -> anyhow::Result<Self> {
        let key = LocalKey::generate()?;
        let mut last = anyhow::anyhow!("the login string names no coordinator");
        for endpoint in &invitation.endpoints {
            match certified(invitation, endpoint, &key).await {
                Ok(operator) => return Ok(operator),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// With credentials that are there already.
    ///
    /// # Errors
    /// When they do not belong together.
    pub fn with(credentials: Credentials, endpoints: Vec<Endpoint>) -> anyhow::Result<Self> {
        Ok(Self { credentials: CredentialStore::new(credentials)?, endpoints })
    }

    /// Where it knows coordinators.
    pub fn endpoints(&self) -> &[Endpoint] {
        &self.endpoints
    }

    /// A client for one coordinator.
    ///
    /// # Errors
    /// When the endpoint cannot be dialled at all.
    pub fn control(&self, endpoint: &Endpoint) -> anyhow::Result<Control> {
        let options = ChannelOptions { request_timeout: Some(ANSWER), ..ChannelOptions::default() };
        let channel = channel(endpoint, self.credentials.clone(), &options)?;
        Ok(ControlClient::new(channel).max_decoding_message_size(REPLY_BYTES))
    }

    /// Calls until a coordinator answers; an answer may be a refusal.
    ///
    /// # Errors
    /// The refusal.
    pub async fn call<T>(&self, call: impl AsyncFn(Control) -> Result<Response<T>, Status>) -> Result<T, Status> {
        let answered = until("a coordinator that answers", async || {
            let mut seen = "no coordinator is known".to_owned();
            for endpoint in &self.endpoints {
                let control = self.control(endpoint).map_err(|e| e.to_string())?;
                match call(control).await {
                    Err(status) if is_transient(status.code()) => seen = format!("{endpoint}: {status}"),
                    answer => return Ok(answer),
                }
            }
            Err(seen)
        });
        let answer = answered.await.map_err(|e| Status::unavailable(format!("{e:#}")))?;
        answer.map(Response::into_inner)
    }

    /// Asks for a document and understands it.
    ///
    /// # Errors
    /// A refusal, or a document of another type.
    pub async fn document<T: DeserializeOwned>(
        &self,
        call: impl AsyncFn(Control) -> Result<Response<Document>, Status>,
    ) -> anyhow::Result<T> {
        Ok(serde_json::from_slice(&self.call(call).await?.json)?)
    }

    /// The coordinators as they are now.
    ///
    /// # Errors
    /// A refusal.
    pub async fn learn(&mut self) -> anyhow::Result<()> {
        let reply = self.call(async |mut c| c.version(VersionRequest {}).await).await?;
        self.endpoints = reply.operators.iter().map(|o| Endpoint::new(o)).collect::<Result<_, _>>()?;
        Ok(())
    }

    /// `hactl status`.
    ///
    /// # Errors
    /// A refusal.
    pub async fn status(&self) -> anyhow::Result<SiteStatus> {
        self.document(async |mut c| c.status(StatusRequest {}).await).await
    }

    /// `hactl steps --all`.
    ///
    /// # Errors
    /// A refusal.
    pub async fn steps(&self) -> anyhow::Result<Vec<StepView>> {
        self.document(async |mut c| c.steps(StepsRequest { all: true }).await).await
    }

    /// `hactl apply --no-wait`, made from spec `base` (0: whatever is current).
    ///
    /// # Errors
    /// The refusal.
    pub async fn apply(&self, spec: &str, base: u64) -> Result<ApplyReply, Status> {
        let request = ApplyRequest { spec_yaml: spec.to_owned(), base, key: key(), ..ApplyRequest::default() };
        self.call(async |mut c| c.apply(request.clone()).await).await
    }

    /// `hactl user add`: a login string for somebody.
    ///
    /// # Errors
    /// The refusal.
    pub async fn invite(&self, name: &str, role: &str) -> anyhow::Result<LoginString> {
        let request = AddUserRequest { name: name.to_owned(), role: role.to_owned(), key: key() };
        let reply = self.call(async |mut c| c.add_user(request.clone()).await).await?;
        Ok(LoginString::parse(&reply.text)?)
    }
}

/// A fresh idempotency key.
pub fn key() -> String {
    format!("{:032x}", rand::random::<u128>())
}

/// Nobody was there, or nobody led.
fn is_transient(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal)
}

async fn certified(invitation: &LoginString, endpoint: &Endpoint, key: &LocalKey) -> anyhow::Result<Operator> {
    let pinned = pinned_channel(endpoint, &invitation.pin, &ChannelOptions::default()).await?;
    let request = EnrolRequest {
        token_id: invitation.token.to_string(),
        secret: invitation.secret.expose().to_vec(),
        csr: key.csr_der()?,
        ..EnrolRequest::default()
    };
    let reply = EnrolmentClient::new(pinned.channel).enrol(request).await?.into_inner();
    let credentials =
        Credentials { certificate_pem: reply.certificate_pem, key_pem: key.pem().clone(), ca_pem: reply.ca_pem };
    let endpoints = reply.endpoints.iter().map(|e| Endpoint::new(e)).collect::<Result<_, _>>()?;
    Operator::with(credentials, endpoints)
}
