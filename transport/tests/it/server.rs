//! Limits of the server behind a listener, and how a silent cut is noticed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ha_transport::{Cause, ChannelOptions, Endpoint, ListenConfig, Listener, ServerLimits, channel, diagnose, server};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tonic::transport::Channel;

use crate::echo::{Echo, call, hold, who};
use crate::site::{Served, Site, agent};

/// Serves with `limits` and connects one client.
async fn with(limits: ServerLimits, config: ListenConfig, site: &Site) -> (Echo, Channel) {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into(), config).await.unwrap();
    let endpoint: Endpoint = listener.local_addr().into();
    let echo = Echo::default();
    let router = server(&limits).add_service(echo.clone());
    tokio::spawn(async move { router.serve_with_incoming(listener).await.unwrap() });
    (echo, channel(&endpoint, site.store(agent("n1")), &ChannelOptions::default()).unwrap())
}

#[tokio::test]
async fn streams_of_one_connection_are_limited() {
    let site = Site::new("site");
    let limits = ServerLimits { streams: 2, ..ServerLimits::agents() };
    let (echo, channel) = with(limits, site.config(), &site).await;
    let (first, second) = (hold(&channel).await, hold(&channel).await);
    assert!(tokio::time::timeout(Duration::from_millis(200), who(&channel)).await.is_err(), "a third went through");
    assert_eq!(echo.entered(), 2);
    drop((first, second));
    assert!(who(&channel).await.is_ok(), "their places come free");
}

#[tokio::test]
async fn endless_headers_are_refused() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let channel = served.channel(&site.store(agent("n1")));
    let with_header = |bytes: usize| {
        let mut request = tonic::Request::new(String::new());
        request.metadata_mut().insert("x", "y".repeat(bytes).parse().unwrap());
        call(&channel, request)
    };
    assert!(with_header(8 * 1024).await.is_ok());
    assert!(with_header(17 * 1024).await.is_err());
    assert_eq!(served.echo.entered(), 1);
}

#[tokio::test]
async fn a_message_larger_than_the_limit_is_refused_and_its_connection_goes_on() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let channel = served.channel(&site.store(agent("n1")));
    let of = |bytes: usize| call(&channel, tonic::Request::new("y".repeat(bytes)));
    let refused = of(256 * 1024 + 1).await.unwrap_err();
    assert_eq!(refused.code(), tonic::Code::OutOfRange, "{refused}");
    assert_eq!(served.echo.entered(), 0);
    assert!(of(256 * 1024).await.is_ok());
    assert_eq!(served.counters.admitted(), 1);
}

#[tokio::test]
async fn a_connection_of_its_age_is_left_and_no_call_that_was_sent_breaks() {
    let site = Site::new("site");
    let limits = ServerLimits { connection_age: Duration::from_millis(100), ..ServerLimits::agents() };
    let config = site.config();
    let counters = Arc::clone(&config.counters);
    let (_, channel) = with(limits, config, &site).await;
    for _ in 0..30 {
        if let Err(status) = who(&channel).await {
            assert_eq!(diagnose(&status), Some(Cause::HungUp), "{status:?}");
            who(&channel).await.expect("the next call finds a new connection");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert!(counters.admitted() >= 3, "{counters:?}");
}

/// Copies bytes between a client and `to` until `cut`; from then on it swallows them, as a dead switch would.
async fn relay_to(to: std::net::SocketAddr, cut: Arc<AtomicBool>) -> Endpoint {
    let tcp = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = tcp.local_addr().unwrap().into();
    tokio::spawn(async move {
        while let Ok((client, _)) = tcp.accept().await {
            let (client_read, client_write) = client.into_split();
            let (server_read, server_write) = TcpStream::connect(to).await.unwrap().into_split();
            tokio::spawn(copy(client_read, server_write, Arc::clone(&cut)));
            tokio::spawn(copy(server_read, client_write, Arc::clone(&cut)));
        }
    });
    endpoint
}

async fn copy(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut: Arc<AtomicBool>) {
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = from.read(&mut buffer).await {
        if !cut.load(Ordering::SeqCst) && to.write_all(&buffer[..n]).await.is_err() {
            return;
        }
    }
    // Keeps its half open: whoever is behind a cut hears nothing, not even an end.
    std::future::pending().await
}

#[tokio::test]
async fn a_silent_cut_is_noticed_while_idle() {
    let site = Site::new("site");
    let served = Served::by(site.config()).await;
    let cut = Arc::new(AtomicBool::new(false));
    let endpoint = relay_to(served.address, Arc::clone(&cut)).await;
    let options = ChannelOptions {
        keepalive_interval: Duration::from_millis(200),
        keepalive_timeout: Duration::from_millis(200),
        ..ChannelOptions::default()
    };
    let channel = channel(&endpoint, site.store(agent("n1")), &options).unwrap();
    let mut stream = hold(&channel).await;
    assert!(tokio::time::timeout(Duration::from_millis(700), stream.message()).await.is_err(), "alive until the cut");
    cut.store(true, Ordering::SeqCst);
    let noticed = tokio::time::timeout(Duration::from_secs(2), stream.message()).await.expect("never noticed");
    assert!(noticed.is_err(), "{noticed:?}");
}
