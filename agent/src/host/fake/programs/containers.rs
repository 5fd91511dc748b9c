//! containerd's client, and what the releases' archives hold.

use std::path::Path;

use ha_domain::id::Digest;

use super::super::files::{Content, Node};
use super::super::state::State;
use super::{failed, said};
use crate::host::Output;

const BLOBS: &str = "/var/lib/containerd/io.containerd.content.v1.content/blobs/sha256";
/// One line an image that came from an archive whose name is not known.
const ARCHIVES: &str = "/var/lib/containerd/simulated-archives";

/// Members of an archive that is unpacked whole.
pub(in super::super) fn members_of(url: &str) -> &'static [&'static str] {
    if url.contains("cni-plugins") { &["bridge", "host-local", "loopback", "portmap"] } else { &[] }
}

pub(super) fn ctr(state: &mut State, args: &[&str]) -> Output {
    if !state.is_active("containerd") {
        return failed(1, "ctr: cannot access socket /run/containerd/containerd.sock: no such file or directory");
    }
    match args {
        ["--namespace", "k8s.io", "images", "import", .., path] => match state.files.get(Path::new(path)).cloned() {
            Some(_) => append(state, "*"),
            None => failed(1, "ctr: no such file or directory"),
        },
        ["--namespace", "k8s.io", "images", "pull", .., reference] => append(state, reference),
        ["--namespace", "k8s.io", "images", "ls", filter] => list(state, filter.trim_start_matches("name==")),
        other => failed(2, &format!("the simulated ctr does not know {other:?}")),
    }
}

fn append(state: &mut State, reference: &str) -> Output {
    match state.files.append(Path::new(ARCHIVES), format!("{reference}\n").as_bytes()) {
        Ok(()) => Output::default(),
        Err(e) => failed(1, &e.to_string()),
    }
}

/// An archive's images are known by the first name that is asked for: archives have no content here.
fn list(state: &mut State, reference: &str) -> Output {
    let known = state.files.text(ARCHIVES).unwrap_or_default();
    let head = "REF TYPE DIGEST SIZE PLATFORMS LABELS\n";
    if !known.lines().any(|l| l == "*" || l == reference) {
        return said(head);
    }
    let digest = Digest::of(reference.as_bytes());
    match state.files.put(&Path::new(BLOBS).join(digest.as_str()), Node::File(Content::new(b"manifest", 0o644))) {
        Ok(()) => said(format!(
            "{head}{reference} application/vnd.oci.image.index.v1+json sha256:{digest} 1 MiB linux/amd64 -\n"
        )),
        Err(e) => failed(1, &e.to_string()),
    }
}
