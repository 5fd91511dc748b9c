//! A gRPC service written by hand: `Who` answers with the peer it sees, `Hold` answers once and then keeps the stream open.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::{Buf, BufMut};
use ha_transport::{Peer, ServerLimits};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::http;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use tower::service_fn;

type Held = mpsc::Sender<Result<String, Status>>;

#[derive(Clone, Default)]
pub(crate) struct Echo {
    entered: Arc<AtomicUsize>,
    held: Arc<Mutex<Vec<Held>>>,
}

impl Echo {
    /// How often a handler was entered.
    pub(crate) fn entered(&self) -> usize {
        self.entered.load(Ordering::SeqCst)
    }

    fn enter<T>(&self, request: &Request<T>) -> String {
        self.entered.fetch_add(1, Ordering::SeqCst);
        let peer = request.extensions().get::<Peer>().expect("every request has a peer");
        let identity = peer.identity.as_ref().map_or("nobody".to_owned(), ToString::to_string);
        format!("{identity} {:?}", peer.standing)
    }

    fn hold(&self, first: String) -> ReceiverStream<Result<String, Status>> {
        let (send, receive) = mpsc::channel(4);
        send.try_send(Ok(first)).unwrap();
        self.held.lock().unwrap().push(send);
        ReceiverStream::new(receive)
    }
}

impl tonic::server::NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let most = ServerLimits::agents().message_bytes;
            let mut grpc = tonic::server::Grpc::new(Text).apply_max_message_size_config(Some(most), None);
            Ok(match request.uri().path() {
                "/test.Echo/Who" => {
                    let who = service_fn(move |r: Request<String>| {
                        let who = echo.enter(&r);
                        async move { Ok::<_, Status>(Response::new(who)) }
                    });
                    grpc.unary(who, request).await
                }
                _ => {
                    let hold = service_fn(move |r: Request<String>| {
                        let stream = echo.hold(echo.enter(&r));
                        async move { Ok::<_, Status>(Response::new(stream)) }
                    });
                    grpc.server_streaming(hold, request).await
                }
            })
        })
    }
}

/// Calls `Who`.
pub(crate) async fn who(channel: &Channel) -> Result<String, Status> {
    call(channel, Request::new("who".to_owned())).await
}

/// Calls `Who` with a request of one's own.
pub(crate) async fn call(channel: &Channel, request: Request<String>) -> Result<String, Status> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.map_err(|e| Status::from_error(Box::new(e)))?;
    let path = http::uri::PathAndQuery::from_static("/test.Echo/Who");
    grpc.unary(request, path, Text).await.map(Response::into_inner)
}

/// Calls `Hold` and reads the first answer.
pub(crate) async fn hold(channel: &Channel) -> Streaming<String> {
    let mut grpc = tonic::client::Grpc::new(channel.clone());
    grpc.ready().await.unwrap();
    let path = http::uri::PathAndQuery::from_static("/test.Echo/Hold");
    let mut stream = grpc.server_streaming(Request::new("hold".to_owned()), path, Text).await.unwrap().into_inner();
    stream.message().await.unwrap().unwrap();
    stream
}

/// Strings as they are.
struct Text;

impl Codec for Text {
    type Encode = String;
    type Decode = String;
    type Encoder = Self;
    type Decoder = Self;
    fn encoder(&mut self) -> Self {
        Self
    }
    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Text {
    type Item = String;
    type Error = Status;
    fn encode(&mut self, item: String, into: &mut EncodeBuf<'_>) -> Result<(), Status> {
        into.put_slice(item.as_bytes());
        Ok(())
    }
}

impl Decoder for Text {
    type Item = String;
    type Error = Status;
    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<String>, Status> {
        let bytes = from.copy_to_bytes(from.remaining()).to_vec();
        String::from_utf8(bytes).map(Some).map_err(|e| Status::internal(e.to_string()))
    }
}
