//! Downloads: into a draft beside the target, hashed while written, published only when the sha256 is right.
//!
//! Broken connections are tried again; a wrong file is not.

mod draft;

use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_LENGTH, HOST, LOCATION, PROXY_AUTHORIZATION, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use tokio::time::timeout;

use super::request::{Moving, begin, cause};
use super::wire::{self, Route, Target};
use super::{Download, HostError, certificates, said};
use draft::Writer;

/// How often it is tried, and what is waited between.
const PAUSES: [Duration; 2] = [Duration::from_secs(1), Duration::from_secs(4)];
/// How long nothing may come.
const STALL: Duration = Duration::from_secs(60);
const REDIRECTS: usize = 5;

/// Why an attempt failed.
#[derive(Debug)]
enum Failure {
    /// May work next time.
    Passing(String),
    /// Will be the same next time.
    Lasting(String),
}

pub(super) async fn fetch(what: Download<'_>) -> Result<(), HostError> {
    let mut pauses = PAUSES.into_iter();
    let reason = loop {
        match attempt(&what).await {
            Ok(()) => return Ok(()),
            Err(Failure::Lasting(reason)) => break reason,
            Err(Failure::Passing(reason)) => match pauses.next() {
                None => break format!("{reason}; tried {} times", PAUSES.len() + 1),
                Some(pause) => {
                    tracing::info!(url = what.url, reason, "download broke off, trying again");
                    tokio::time::sleep(pause).await;
                }
            },
        }
    };
    Err(HostError::Download { url: what.url.to_owned(), reason })
}

async fn attempt(what: &Download<'_>) -> Result<(), Failure> {
    let (answer, _connection) = ask(what).await?;
    let announced = answer.headers().get(CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    expect_size(what.size, announced.unwrap_or(what.size))?;
    let mut body = answer.into_body();
    let writer = Writer::begin(what.to);
    let passed = pass_on(&mut body, &writer, what.size).await;
    // After a failure too: its draft is gone before anybody looks, or tries again.
    let written = writer.end().await;
    passed?;
    let (digest, draft) = written.map_err(Failure::Lasting)?;
    if digest != *what.sha256 {
        let reason = format!("its sha256 is {digest}, the catalog says {}; nothing was kept", what.sha256);
        return Err(Failure::Lasting(reason));
    }
    draft::publish(draft, what.mode, what.lifespan).await.map_err(Failure::Lasting)
}

/// All that comes goes to the writer, until it has ended or is more than was announced.
async fn pass_on(body: &mut Incoming, writer: &Writer, size: u64) -> Result<(), Failure> {
    let mut taken = 0;
    while let Some(chunk) = next(body).await? {
        taken += chunk.len() as u64;
        if size != 0 && taken > size {
            expect_size(size, taken)?;
        }
        if !writer.take(chunk).await {
            break;
        }
    }
    Ok(())
}

fn expect_size(wanted: u64, found: u64) -> Result<(), Failure> {
    if wanted == 0 || wanted == found {
        return Ok(());
    }
    Err(Failure::Lasting(format!("it has {found} bytes or more, the catalog says {wanted}; nothing was kept")))
}

async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Failure> {
    loop {
        let frame = timeout(STALL, body.frame()).await;
        match frame.map_err(|_| Failure::Passing(format!("nothing came for {} s", STALL.as_secs())))? {
            None => return Ok(None),
            Some(Err(e)) => return Err(Failure::Passing(format!("it broke off: {}", cause(&e)))),
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Asks for the file, from where it was moved to if it was.
async fn ask(what: &Download<'_>) -> Result<(http::Response<Incoming>, Moving), Failure> {
    let proxy = what.proxy.map(Target::parse).transpose().map_err(|e| Failure::Lasting(format!("the proxy: {e}")))?;
    let mut url = what.url.to_owned();
    for _ in 0..=REDIRECTS {
        let target = Target::parse(&url).map_err(Failure::Lasting)?;
        let (answer, connection) = timeout(STALL, ask_one(&target, &url, proxy.as_ref()))
            .await
            .map_err(|_| Failure::Passing(format!("no answer within {} s", STALL.as_secs())))??;
        match (answer.status(), answer.headers().get(LOCATION).and_then(|l| l.to_str().ok())) {
            (StatusCode::OK, _) => return Ok((answer, connection)),
            (status, Some(moved)) if status.is_redirection() => url = resolve(&target, moved),
            (status, _) => return Err(refusal(status)),
        }
    }
    Err(Failure::Lasting(format!("it was moved more than {REDIRECTS} times")))
}

async fn ask_one(
    target: &Target,
    url: &str,
    proxy: Option<&Target>,
) -> Result<(http::Response<Incoming>, Moving), Failure> {
    let tls = if target.https { Some(certificates::of_machine().map_err(Failure::Lasting)?) } else { None };
    let route = Route { address: None, proxy, tls };
    let connection = wire::open(target, &route).await.map_err(|e| Failure::Passing(said(&e)))?;
    let agent = concat!("ha-agent/", env!("CARGO_PKG_VERSION"));
    let mut request = http::Request::builder().header(HOST, &target.authority).header(USER_AGENT, agent);
    // A proxy is told the whole URL; a tunnel through it is not.
    let asked_of_proxy = proxy.filter(|_| !target.https);
    request = request.uri(if asked_of_proxy.is_some() { url } else { &target.path });
    if let Some(user) = asked_of_proxy.and_then(Target::basic) {
        request = request.header(PROXY_AUTHORIZATION, user);
    }
    let request = request.body(Full::default()).map_err(|e| Failure::Lasting(e.to_string()))?;
    begin(connection, request).await.map_err(Failure::Passing)
}

fn refusal(status: StatusCode) -> Failure {
    let reason = format!("the server answers {status}");
    if status.is_server_error() || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT) {
        Failure::Passing(reason)
    } else {
        Failure::Lasting(format!("{reason}; check the mirror or the catalog"))
    }
}

/// A `Location` may be a whole URL, a path, or relative to the folder.
fn resolve(from: &Target, moved: &str) -> String {
    if moved.contains("://") {
        return moved.to_owned();
    }
    let scheme = if from.https { "https" } else { "http" };
    if let Some(rest) = moved.strip_prefix("//") {
        return format!("{scheme}://{rest}");
    }
    let path = from.path.split('?').next().unwrap_or("/");
    let folder = if moved.starts_with('/') { "" } else { &path[..=path.rfind('/').unwrap_or(0)] };
    format!("{scheme}://{}{folder}{moved}", from.authority)
}

#[cfg(test)]
mod tests;
