//! One small file from the web, over http or https. Follows no redirects: what is fetched is pinned by its sha256 anyway.

use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Bytes;
use hyper::{Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// For the whole exchange.
const LIMIT: Duration = Duration::from_secs(30);
/// Where distributions keep the certificate authorities they trust.
const BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// The body at `url`, of at most `most` bytes.
///
/// # Errors
/// What went wrong, for a person.
pub(crate) async fn get(url: &str, most: usize) -> Result<Vec<u8>, String> {
    let uri: Uri = url.parse().map_err(|e| format!("this is no URL: {e}"))?;
    tokio::time::timeout(LIMIT, exchange(&uri, most))
        .await
        .map_err(|_| format!("no answer within {} s", LIMIT.as_secs()))?
}

async fn exchange(uri: &Uri, most: usize) -> Result<Vec<u8>, String> {
    let https = uri.scheme_str() == Some("https");
    let host = uri.host().ok_or("the URL names no host")?.trim_matches(['[', ']']);
    let port = uri.port_u16().unwrap_or(if https { 443 } else { 80 });
    let tcp = TcpStream::connect((host, port)).await.map_err(|e| format!("connect to {host} port {port}: {e}"))?;
    if !https {
        return request(tcp, uri, most).await;
    }
    let name = ServerName::try_from(host.to_owned()).map_err(|e| e.to_string())?;
    let tls = TlsConnector::from(Arc::new(trust()?)).connect(name, tcp).await;
    request(tls.map_err(|e| format!("TLS with {host}: {e}"))?, uri, most).await
}

fn trust() -> Result<ClientConfig, String> {
    let given = std::env::var("SSL_CERT_FILE").ok();
    let bundle = given.into_iter().chain(BUNDLES.map(str::to_owned)).find_map(|path| std::fs::read(path).ok());
    let bundle = bundle.ok_or("this machine has no certificate authorities: install the package ca-certificates")?;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(CertificateDer::pem_slice_iter(&bundle).flatten());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    Ok(builder.map_err(|e| e.to_string())?.with_root_certificates(roots).with_no_client_auth())
}

async fn request<S>(stream: S, uri: &Uri, most: usize) -> Result<Vec<u8>, String>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let told = |e: hyper::Error| e.to_string();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(told)?;
    let connection = tokio::spawn(connection);
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let host = uri.authority().map_or("", |a| a.as_str());
    let request = Request::get(path).header("host", host).header("user-agent", "hactl").body(Empty::<Bytes>::new());
    let response = sender.send_request(request.map_err(|e| e.to_string())?).await.map_err(told)?;
    let status = response.status();
    if status != StatusCode::OK {
        return Err(format!("the server answers {status}"));
    }
    let body = Limited::new(response.into_body(), most).collect().await;
    connection.abort();
    let body = body.map_err(|e| format!("read the answer (of at most {} KiB): {e}", most >> 10))?;
    Ok(body.to_bytes().to_vec())
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// A server that answers once, and its URL.
    async fn serve(answer: String) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/catalog.yaml?x=1", listener.local_addr().unwrap());
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut asked = [0; 1024];
            let read = stream.read(&mut asked).await.unwrap();
            assert!(asked[..read].starts_with(b"GET /catalog.yaml?x=1 HTTP/1.1\r\n"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        url
    }

    #[tokio::test]
    async fn the_body_is_handed_over() {
        let url = serve("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello".to_owned()).await;
        assert_eq!(get(&url, 5).await.unwrap(), b"hello");
    }

    #[tokio::test]
    async fn a_body_that_is_too_long_is_refused() {
        let url = serve("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello!".to_owned()).await;
        assert!(get(&url, 5).await.unwrap_err().contains("at most"));
    }

    #[tokio::test]
    async fn a_missing_file_is_told_with_the_servers_answer() {
        let url = serve("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n".to_owned()).await;
        assert!(get(&url, 5).await.unwrap_err().contains("404"));
    }
}
