//! One HTTP/1.1 request and its answer.
//!
//! Follows no redirect: a probe wants to see them.

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use tokio::task::AbortHandle;

use super::kept::{Kept, Key, Line};
use super::wire::{self, Duplex, Route, Target};
use super::{HostError, HttpRequest, HttpResponse, certificates};

/// Most of a body that is kept, in bytes.
const BODY: usize = 4 << 20;
/// Most that is read ahead on a connection, in bytes: several downloads run at once in a small process.
const BUFFER: usize = 128 << 10;

pub(super) async fn send(request: HttpRequest<'_>, kept: &Kept) -> Result<HttpResponse, HostError> {
    let refuse = |reason: String| HostError::Http { url: request.url.to_owned(), reason };
    match tokio::time::timeout(request.timeout, exchange(&request, kept)).await {
        Ok(answer) => answer.map_err(refuse),
        Err(_) => Err(refuse(format!("no answer within {} ms", request.timeout.as_millis()))),
    }
}

async fn exchange(request: &HttpRequest<'_>, kept: &Kept) -> Result<HttpResponse, String> {
    let target = Target::parse(request.url)?;
    let key = Key::of(request, &target);
    if let Some((key, line)) = key.as_ref().and_then(|key| Some((key, kept.take(key)?))) {
        match ask(line, composed(request, &target)?).await {
            Ok((answer, line)) => {
                kept.put(key.clone(), line);
                return Ok(answer);
            }
            // The server closed it meanwhile. What was not sent, or changes nothing, may be asked again.
            Err(failure) if failure.unsent || request.method == "GET" => {}
            Err(failure) => return Err(failure.reason),
        }
    }
    let line = connected(request, &target).await?;
    let (answer, line) = ask(line, composed(request, &target)?).await.map_err(|f| f.reason)?;
    if let Some(key) = key {
        kept.put(key, line);
    }
    Ok(answer)
}

async fn connected(request: &HttpRequest<'_>, target: &Target) -> Result<Line, String> {
    let tls = if target.https { Some(certificates::of_probe(&request.tls)?) } else { None };
    let route = Route { address: request.connect, proxy: None, tls };
    shaken(wire::open(target, &route).await.map_err(|e| super::said(&e))?).await
}

fn composed(request: &HttpRequest<'_>, target: &Target) -> Result<http::Request<Full<Bytes>>, String> {
    let mut ask = http::Request::builder().method(request.method).uri(&target.path);
    if !request.headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("host")) {
        ask = ask.header(http::header::HOST, &target.authority);
    }
    for (name, value) in &request.headers {
        ask = ask.header(*name, value);
    }
    ask.body(Full::new(Bytes::from(request.body.clone()))).map_err(|e| e.to_string())
}

/// Why there is no answer.
struct Failure {
    /// Nothing of the question left this process.
    unsent: bool,
    reason: String,
}

/// Asks, and reads the answer to its end.
async fn ask(mut line: Line, ask: http::Request<Full<Bytes>>) -> Result<(HttpResponse, Line), Failure> {
    let broke = |e: hyper::Error| Failure { unsent: e.is_canceled(), reason: broken(&e) };
    line.sender.ready().await.map_err(|e| Failure { unsent: true, reason: broken(&e) })?;
    let answer = line.sender.send_request(ask).await.map_err(broke)?;
    let answer = read(answer).await.map_err(|reason| Failure { unsent: false, reason })?;
    Ok((answer, line))
}

fn broken(e: &hyper::Error) -> String {
    format!("the connection broke: {}", cause(e))
}

async fn read(answer: http::Response<Incoming>) -> Result<HttpResponse, String> {
    let (head, body) = answer.into_parts();
    let text = |v: &http::HeaderValue| String::from_utf8_lossy(v.as_bytes()).into_owned();
    let headers = head.headers.iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
    let body = Limited::new(body, BODY).collect().await.map_err(|e| format!("the answer broke off: {e}"))?;
    Ok(HttpResponse { status: head.status.as_u16(), headers, body: body.to_bytes().to_vec() })
}

/// The task that moves a connection's bytes; it ends with its user.
#[derive(Debug)]
pub(super) struct Moving(AbortHandle);

impl Drop for Moving {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A connection on which requests can be sent.
async fn shaken(connection: Box<dyn Duplex>) -> Result<Line, String> {
    let mut builder = hyper::client::conn::http1::Builder::new();
    let shaken = builder.max_buf_size(BUFFER).handshake(TokioIo::new(connection)).await;
    let (sender, moving) = shaken.map_err(|e| e.to_string())?;
    // Its errors arrive at the sender and the body too.
    let moving = Moving(tokio::spawn(async move { drop(moving.await) }).abort_handle());
    Ok(Line { sender, moving })
}

/// Sends a request on a fresh connection and waits for the head of the answer.
pub(super) async fn begin(
    connection: Box<dyn Duplex>,
    request: http::Request<Full<Bytes>>,
) -> Result<(http::Response<Incoming>, Moving), String> {
    let mut line = shaken(connection).await?;
    let answer = line.sender.send_request(request).await.map_err(|e| broken(&e))?;
    Ok((answer, line.moving))
}

/// The innermost reason, which says most.
pub(super) fn cause(e: &(dyn std::error::Error + 'static)) -> String {
    let mut innermost = e;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests;
