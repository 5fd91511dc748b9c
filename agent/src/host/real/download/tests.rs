//! Downloads against a small server on loopback that misbehaves on request.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use ha_domain::id::Digest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::*;
use crate::host::Lifespan;

/// Answers each connection with the next of `answers`, the last one for ever.
async fn server(answers: Vec<Vec<u8>>) -> (String, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let n = count.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1);
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(tcp.read_u8().await.unwrap());
            }
            tcp.write_all(&answers[n]).await.unwrap();
        }
    });
    (url, asked)
}

fn ok(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

async fn get(url: &str, sha256: &Digest, to: &Path) -> Result<(), String> {
    let what = Download { url, sha256, size: 0, to, mode: 0o755, proxy: None, lifespan: Lifespan::Lasting };
    fetch(what).await.map_err(|e| e.to_string())
}

fn names(dir: &Path) -> Vec<String> {
    std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect()
}

#[tokio::test]
async fn a_file_with_the_right_sha256_appears_with_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let body = vec![7_u8; 3 << 20];
    let (url, _) = server(vec![ok(&body)]).await;
    let to = dir.path().join("sub/file");
    get(&url, &Digest::of(&body), &to).await.unwrap();
    assert_eq!(std::fs::read(&to).unwrap(), body);
    assert_eq!(std::fs::metadata(&to).unwrap().permissions().mode() & 0o777, 0o755);
}

#[tokio::test]
async fn a_wrong_sha256_names_both_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = server(vec![ok(b"evil")]).await;
    let wanted = Digest::of(b"good");
    let refused = get(&url, &wanted, &dir.path().join("file")).await.unwrap_err();
    assert!(refused.contains(wanted.as_str()) && refused.contains(Digest::of(b"evil").as_str()), "{refused}");
    assert!(names(dir.path()).is_empty());
    assert_eq!(asked.load(Ordering::SeqCst), 1, "a wrong file is not tried again");
}

#[tokio::test]
async fn a_broken_connection_is_tried_again() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = server(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec(), ok(b"whole")]).await;
    get(&url, &Digest::of(b"whole"), &dir.path().join("file")).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
    assert_eq!(names(dir.path()), ["file"]);
}

#[tokio::test]
async fn a_missing_file_is_refused_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let (url, asked) = server(vec![b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec()]).await;
    let refused = get(&url, &Digest::of(b""), &dir.path().join("file")).await.unwrap_err();
    assert!(refused.contains("404") && refused.contains("mirror"), "{refused}");
    assert_eq!(asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn redirects_are_followed_but_not_for_ever() {
    let dir = tempfile::tempdir().unwrap();
    let moved = b"HTTP/1.1 302 Found\r\nLocation: other\r\nContent-Length: 0\r\n\r\n".to_vec();
    let (url, _) = server(vec![moved.clone(), ok(b"there")]).await;
    get(&url, &Digest::of(b"there"), &dir.path().join("file")).await.unwrap();
    let (url, asked) = server(vec![moved]).await;
    let refused = get(&url, &Digest::of(b"there"), &dir.path().join("f2")).await.unwrap_err();
    assert!(refused.contains("moved"), "{refused}");
    assert_eq!(asked.load(Ordering::SeqCst), REDIRECTS + 1);
}

#[tokio::test]
async fn a_size_that_differs_from_the_catalog_is_refused_early() {
    let dir = tempfile::tempdir().unwrap();
    let (url, _) = server(vec![ok(b"12345")]).await;
    let sha256 = Digest::of(b"12345");
    let to = dir.path().join("file");
    let what = Download {
        url: &url,
        sha256: &sha256,
        size: 4,
        to: &to,
        mode: 0o644,
        proxy: None,
        lifespan: Lifespan::Lasting,
    };
    assert!(fetch(what).await.unwrap_err().to_string().contains("the catalog says 4"));
}

#[tokio::test]
async fn a_proxy_is_asked_for_the_whole_url() {
    let dir = tempfile::tempdir().unwrap();
    let (proxy, _) = server(vec![ok(b"through")]).await;
    let sha256 = Digest::of(b"through");
    let to = dir.path().join("file");
    let url = "http://mirror.invalid/file";
    fetch(Download {
        url,
        sha256: &sha256,
        size: 0,
        to: &to,
        mode: 0o644,
        proxy: Some(&proxy),
        lifespan: Lifespan::Lasting,
    })
    .await
    .unwrap();
}

#[test]
fn a_location_may_be_whole_or_relative() {
    let from = Target::parse("https://host:8443/a/b?c/d").unwrap();
    assert_eq!(resolve(&from, "http://other/x"), "http://other/x");
    assert_eq!(resolve(&from, "//other/x"), "https://other/x");
    assert_eq!(resolve(&from, "/x"), "https://host:8443/x");
    assert_eq!(resolve(&from, "x"), "https://host:8443/a/x");
}

#[tokio::test]
async fn a_mirror_that_is_down_is_named_after_three_tries_and_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let url = format!("http://{nobody}/kubeadm");
    let refused = get(&url, &Digest::of(b""), &dir.path().join("file")).await.unwrap_err();
    assert!(refused.contains(&url) && refused.contains("refused; tried 3 times"), "{refused}");
    assert!(names(dir.path()).is_empty());
}

#[tokio::test]
async fn a_file_that_is_cut_short_each_time_leaves_what_was_there() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("file");
    std::fs::write(&to, "the old one").unwrap();
    let (url, asked) = server(vec![b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf".to_vec()]).await;
    let refused = get(&url, &Digest::of(b"whole"), &to).await.unwrap_err();
    assert!(refused.contains("it broke off") && refused.contains("tried 3 times"), "{refused}");
    assert_eq!(asked.load(Ordering::SeqCst), 3);
    assert_eq!((names(dir.path()), std::fs::read_to_string(&to).unwrap()), (vec!["file".into()], "the old one".into()));
}

#[tokio::test]
async fn a_mirror_that_is_busy_is_asked_again() {
    let dir = tempfile::tempdir().unwrap();
    let busy = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n".to_vec();
    let (url, asked) = server(vec![busy, ok(b"there")]).await;
    get(&url, &Digest::of(b"there"), &dir.path().join("file")).await.unwrap();
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}
