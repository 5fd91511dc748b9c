//! Connections for downloads and probes: TCP, through a proxy or not, with TLS or not.
//!
//! Knows nothing of requests.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;

use super::{Reachability, said};

/// How long one address may take to accept a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// Both directions of a connection.
pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A URL taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) https: bool,
    /// Without the brackets of an IPv6 address.
    pub(super) host: String,
    pub(super) port: u16,
    /// As it stands in a Host header.
    pub(super) authority: String,
    /// Path and query.
    pub(super) path: String,
    /// `user:password` before the host.
    user: Option<String>,
}

impl Target {
    pub(super) fn parse(url: &str) -> Result<Self, String> {
        let uri: http::Uri = url.parse().map_err(|e| format!("this is no URL: {e}"))?;
        let https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("only http:// and https:// are known".to_owned()),
        };
        let authority = uri.authority().ok_or("the URL names no host")?;
        let (user, authority_text) = match authority.as_str().rsplit_once('@') {
            Some((user, host)) => (Some(user.to_owned()), host.to_owned()),
            None => (None, authority.as_str().to_owned()),
        };
        Ok(Self {
            https,
            host: authority.host().trim_matches(['[', ']']).to_owned(),
            port: authority.port_u16().unwrap_or(if https { 443 } else { 80 }),
            authority: authority_text,
            path: uri.path_and_query().map_or("/", |p| p.as_str()).to_owned(),
            user,
        })
    }

    /// `Basic ...` of the URL's user, where it has one.
    pub(super) fn basic(&self) -> Option<String> {
        let user = self.user.as_ref()?;
        Some(format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(user)))
    }
}

/// How to reach a target.
#[derive(Debug, Clone, Default)]
pub(super) struct Route<'a> {
    /// Instead of where the host resolves to.
    pub(super) address: Option<SocketAddr>,
    pub(super) proxy: Option<&'a Target>,
    /// For https.
    pub(super) tls: Option<Arc<ClientConfig>>,
}

/// Opens a connection on which a request to `target` can be sent.
pub(super) async fn open(target: &Target, route: &Route<'_>) -> io::Result<Box<dyn Duplex>> {
    let tcp = match (route.proxy, route.address) {
        (Some(proxy), _) => through(proxy, target).await?,
        (None, Some(address)) => dial(address).await?,
        (None, None) => dial_name(&target.host, target.port).await?,
    };
    if !target.https {
        return Ok(Box::new(tcp));
    }
    let tls = route.tls.clone().ok_or_else(|| io::Error::other("no TLS configuration was given"))?;
    let name = ServerName::try_from(target.host.clone()).map_err(io::Error::other)?;
    let shake = tokio_rustls::TlsConnector::from(tls).connect(name, tcp);
    Ok(Box::new(timeout(CONNECT, shake).await.map_err(|_| late("TLS handshake"))??))
}

/// A connection to the proxy; for https a tunnel to the target.
async fn through(proxy: &Target, target: &Target) -> io::Result<TcpStream> {
    if proxy.https {
        return Err(io::Error::other("the proxy's URL must begin with http://"));
    }
    let mut tcp = dial_name(&proxy.host, proxy.port).await?;
    if target.https {
        timeout(CONNECT, tunnel(&mut tcp, proxy, target)).await.map_err(|_| late("answer of the proxy"))??;
    }
    Ok(tcp)
}

async fn tunnel(tcp: &mut TcpStream, proxy: &Target, target: &Target) -> io::Result<()> {
    let host = if target.host.contains(':') { format!("[{}]", target.host) } else { target.host.clone() };
    let port = target.port;
    let user = proxy.basic().map(|b| format!("Proxy-Authorization: {b}\r\n")).unwrap_or_default();
    let ask = format!("CONNECT {host}:{port} HTTP/1.1\r\nHost: {host}:{port}\r\n{user}\r\n");
    tcp.write_all(ask.as_bytes()).await?;
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        if answer.len() > 8 << 10 {
            return Err(io::Error::other("the proxy's answer has no end"));
        }
        answer.push(tcp.read_u8().await?);
    }
    let first = String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().to_owned();
    match first.split(' ').nth(1) {
        Some(code) if code.starts_with('2') => Ok(()),
        _ => Err(io::Error::other(format!("the proxy refused: {first}"))),
    }
}

async fn dial_name(host: &str, port: u16) -> io::Result<TcpStream> {
    let found = tokio::net::lookup_host((host, port)).await;
    let found =
        found.map_err(|e| io::Error::new(e.kind(), format!("the name {host} cannot be resolved: {}", said(&e))))?;
    let mut last = io::Error::other(format!("the name {host} has no address"));
    for address in found {
        match dial(address).await {
            Ok(tcp) => return Ok(tcp),
            Err(e) => last = e,
        }
    }
    Err(last)
}

async fn dial(address: SocketAddr) -> io::Result<TcpStream> {
    let tcp = timeout(CONNECT, TcpStream::connect(address)).await.map_err(|_| late(&format!("answer of {address}")))?;
    let tcp = tcp.map_err(|e| io::Error::new(e.kind(), format!("{address}: {}", said(&e))))?;
    tcp.set_nodelay(true)?;
    Ok(tcp)
}

fn late(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, format!("no {what} within {} s", CONNECT.as_secs()))
}

/// Tries a TCP port.
pub(super) async fn reach(to: SocketAddr, within: Duration) -> Reachability {
    match timeout(within, TcpStream::connect(to)).await {
        Ok(Ok(_)) => Reachability::Open,
        Ok(Err(e)) if matches!(e.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset) => {
            Reachability::Refused
        }
        Ok(Err(_)) | Err(_) => Reachability::Silent,
    }
}

/// How a client of HTTP/2 begins: its preface and an empty frame of settings. A server answers with its own settings.
const GREETING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// Greets who listens on a Unix socket. The kernel accepts for a process that is stopped: only its own word counts.
pub(super) async fn greet(socket: &Path, within: Duration) -> Reachability {
    let word = async {
        let mut stream = UnixStream::connect(socket).await?;
        stream.write_all(GREETING).await?;
        stream.read_u8().await
    };
    match timeout(within, word).await {
        Ok(Ok(_)) => Reachability::Open,
        Ok(Err(_)) => Reachability::Refused,
        Err(_) => Reachability::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let t = Target::parse("https://[fd00::1]:6443/readyz?verbose").unwrap();
        assert_eq!((t.https, t.host.as_str(), t.port), (true, "fd00::1", 6443));
        assert_eq!((t.authority.as_str(), t.path.as_str()), ("[fd00::1]:6443", "/readyz?verbose"));
        assert_eq!(Target::parse("http://mirror").unwrap().port, 80);
    }

    #[test]
    fn a_users_password_is_not_part_of_the_host_header() {
        let t = Target::parse("http://ann:secret@proxy:3128").unwrap();
        assert_eq!((t.authority.as_str(), t.host.as_str()), ("proxy:3128", "proxy"));
        assert_eq!(t.basic().unwrap(), "Basic YW5uOnNlY3JldA==");
    }

    #[test]
    fn other_schemes_are_refused() {
        assert!(Target::parse("file:///etc/shadow").is_err());
        assert!(Target::parse("ftp://mirror/x").is_err());
    }

    #[tokio::test]
    async fn who_listens_and_says_nothing_is_silent() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("socket");
        let greet = || greet(&path, Duration::from_millis(300));
        assert_eq!(greet().await, Reachability::Refused);
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        assert_eq!(greet().await, Reachability::Silent);
        let polite = async {
            let mut guests = Vec::new();
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                // The one that came before has left.
                let _ = stream.write_all(&[0]).await;
                guests.push(stream);
            }
        };
        tokio::select! {
            answer = greet() => assert_eq!(answer, Reachability::Open),
            () = polite => {}
        }
    }
}
