//! The way to any coordinator: the first that answers will do, followers relay; a lost one is replaced by the next.
//!
//! Knows nothing of what is asked.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use ha_proto::v1::control_client::ControlClient;
use ha_proto::v1::{Document, VersionReply, VersionRequest};
use ha_transport::{ChannelOptions, CredentialStore, Endpoint, channel, diagnose};
use serde::de::DeserializeOwned;
use tokio::net::TcpStream;
use tonic::transport::Channel;
use tonic::{Code, Response, Status};

use crate::context::Context;
use crate::exit::Failure;
use crate::render::clean;
use crate::renewal;

/// How long a call is tried before "no coordinator reachable" is the answer: longer than an election takes.
const PATIENCE: Duration = Duration::from_secs(6);
/// Between two rounds.
const PAUSE: Duration = Duration::from_millis(200);
/// How long a coordinator may take to begin its answer.
const ANSWER: Duration = Duration::from_secs(30);
/// Replies can be long: nodes with all their reports.
const REPLY_BYTES: usize = 16 << 20;

/// A client of the operators' service.
pub(crate) type Control = ControlClient<Channel>;

/// The coordinators of one context.
pub(crate) struct Client {
    context: Context,
    credentials: CredentialStore,
    /// Best first.
    endpoints: RefCell<Vec<Endpoint>>,
    /// The connection in use.
    open: RefCell<Option<(Endpoint, Control)>>,
}

impl Client {
    /// For the context `name`, else the current one; a certificate past half of its life is renewed on the way.
    pub(crate) async fn open(name: Option<&str>) -> Result<Self, Failure> {
        let context = Context::find(name)?;
        let mut endpoints = context.endpoints()?;
        if endpoints.is_empty() {
            return Err(Failure::Refused("this context names no coordinator: log in again".to_owned()));
        }
        if let Some(first) = quickest(&endpoints).await {
            endpoints[..=first].rotate_right(1);
        }
        let credentials = CredentialStore::new(context.credentials()?).map_err(|e| Failure::Failed(e.to_string()))?;
        let client = Self { context, credentials, endpoints: RefCell::new(endpoints), open: RefCell::default() };
        renewal::if_due(&client).await?;
        Ok(client)
    }

    /// The context it is for.
    pub(crate) fn context(&self) -> &Context {
        &self.context
    }

    /// The operator's certificate in use.
    pub(crate) fn credentials(&self) -> &CredentialStore {
        &self.credentials
    }

    /// Calls any coordinator that answers. The call is repeated where none was reached or no leader was elected: mutating
    /// calls carry a key, so that a repetition is the same call.
    pub(crate) async fn call<T>(
        &self,
        call: impl AsyncFn(Control) -> Result<Response<T>, Status>,
    ) -> Result<T, Failure> {
        let began = Instant::now();
        loop {
            let mut last = Status::unavailable("no coordinator answers");
            let round = self.endpoints.borrow().clone();
            for endpoint in &round {
                match call(self.control(endpoint)?).await {
                    Ok(reply) => {
                        self.prefer(endpoint);
                        return Ok(reply.into_inner());
                    }
                    Err(status) if is_transient(&status) => last = status,
                    Err(status) => return Err(status.into()),
                }
                self.open.take();
            }
            if began.elapsed() > PATIENCE {
                return Err(unanswered(&round, last));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Asks for a document and understands it.
    pub(crate) async fn document<T: DeserializeOwned>(
        &self,
        call: impl AsyncFn(Control) -> Result<Response<Document>, Status>,
    ) -> Result<T, Failure> {
        understand(&self.call(call).await?.json)
    }

    /// The coordinators as they are now, remembered for the next time; the reply says which version answers.
    pub(crate) async fn learn(&self) -> Result<VersionReply, Failure> {
        let reply = self.call(async |mut c| c.version(VersionRequest {}).await).await?;
        let told: Vec<Endpoint> = reply.operators.iter().filter_map(|text| Endpoint::new(text).ok()).collect();
        if !told.is_empty() {
            let mut endpoints = self.endpoints.borrow_mut();
            let before = endpoints.clone();
            endpoints.retain(|e| told.contains(e));
            let new: Vec<_> = told.into_iter().filter(|e| !endpoints.contains(e)).collect();
            endpoints.extend(new);
            if *endpoints != before {
                keep(&self.context, &endpoints);
            }
        }
        Ok(reply)
    }

    /// The connection in use is given up: what follows goes to another coordinator first.
    pub(crate) fn turn_away(&self) {
        self.open.take();
        self.endpoints.borrow_mut().rotate_left(1);
    }

    /// The open connection to `endpoint`, else one that opens with its first call.
    fn control(&self, endpoint: &Endpoint) -> Result<Control, Failure> {
        if let Some((to, control)) = &*self.open.borrow()
            && to == endpoint
        {
            return Ok(control.clone());
        }
        let options = ChannelOptions {
            connect_timeout: Duration::from_secs(2),
            request_timeout: Some(ANSWER),
            ..ChannelOptions::default()
        };
        let channel =
            channel(endpoint, self.credentials.clone(), &options).map_err(|e| Failure::Failed(e.to_string()))?;
        let control = ControlClient::new(channel).max_decoding_message_size(REPLY_BYTES);
        self.open.replace(Some((endpoint.clone(), control.clone())));
        Ok(control)
    }

    /// `endpoint` answered: it comes first from now on, in the next run too.
    fn prefer(&self, endpoint: &Endpoint) {
        let mut endpoints = self.endpoints.borrow_mut();
        if let Some(place) = endpoints.iter().position(|e| e == endpoint) {
            endpoints[..=place].rotate_right(1);
        }
        let kept = self.context.endpoints().unwrap_or_default();
        if kept.first() != Some(endpoint) {
            keep(&self.context, &endpoints);
        }
    }
}

/// Not being able to remember harms nothing.
fn keep(context: &Context, endpoints: &[Endpoint]) {
    let lines: Vec<&str> = endpoints.iter().map(Endpoint::as_str).collect();
    let _ = context.keep_endpoints(&lines);
}

/// Which endpoint takes a connection soonest; each has a little head start over the next one.
async fn quickest(endpoints: &[Endpoint]) -> Option<usize> {
    const HEAD_START: Duration = Duration::from_millis(150);
    if endpoints.len() < 2 {
        return None;
    }
    let dial = |(n, endpoint): (usize, &Endpoint)| {
        let (wait, endpoint) = (HEAD_START * u32::try_from(n).unwrap_or(u32::MAX), endpoint.clone());
        Box::pin(async move {
            tokio::time::sleep(wait).await;
            TcpStream::connect(endpoint.as_str()).await.map(|_| n)
        })
    };
    let any = futures_util::future::select_ok(endpoints.iter().enumerate().map(dial));
    tokio::time::timeout(Duration::from_secs(2), any).await.ok()?.ok().map(|(n, _)| n)
}

/// Worth another try: nobody was there, or nobody led.
fn is_transient(status: &Status) -> bool {
    let refused = diagnose(status).is_some_and(|_| Failure::from(status.clone()).code() == 3);
    !refused && matches!(status.code(), Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal)
}

fn unanswered(tried: &[Endpoint], last: Status) -> Failure {
    let cause = diagnose(&last);
    if cause.is_none() && matches!(last.code(), Code::Unknown | Code::Internal) {
        return last.into();
    }
    let tried = tried.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let why = cause.map_or_else(|| clean::line(last.message()), |cause| cause.to_string());
    Failure::Unreachable(format!("no coordinator is reachable (tried {tried}): {why}"))
}

/// A document as the type it should be, with nothing in it that could drive a terminal.
pub(crate) fn understand<T: DeserializeOwned>(json: &[u8]) -> Result<T, Failure> {
    let other = |e| Failure::doing("read the coordinator's reply (is it of another version?)", e);
    let value = serde_json::from_slice(json).map_err(other)?;
    serde_json::from_value(clean::document(value)).map_err(other)
}

/// A fresh idempotency key.
pub(crate) fn key() -> String {
    format!("{:032x}", rand::random::<u128>())
}
