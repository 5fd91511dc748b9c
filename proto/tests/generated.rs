//! Keeps `src/gen/` equal to what `proto/ha/v1/*.proto` generates. Knows nothing of what the messages mean.
//!
//! After editing a `.proto` file: `HA_REGENERATE=1 cargo test -p ha-proto --test generated`, and commit `src/gen/`.
//! Do that before touching code that uses the new messages, since this test is built against the crate.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot read the tree must fail")]

use std::fs;
use std::path::{Path, PathBuf};

use prost::Message as _;

/// Messages that carry much data: their `bytes` become `bytes::Bytes` (not copied), all others `Vec<u8>`.
const BULK: [&str; 2] = [".ha.v1.AppendRequest", ".ha.v1.SnapshotPart"];
const OUTPUTS: [&str; 2] = ["ha.v1.rs", "descriptor.bin"];

fn crate_dir() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.proto` file, sorted: the output must not depend on the order of a directory listing.
fn sources() -> Vec<PathBuf> {
    let dir = crate_dir().join("proto/ha/v1");
    let mut found: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "proto"))
        .collect();
    found.sort();
    found
}

fn generate(out: &Path) {
    let mut files = protox::compile(sources(), [crate_dir().join("proto")]).unwrap();
    let config = tonic_prost_build::configure().out_dir(out).emit_rerun_if_changed(false);
    BULK.iter().fold(config, |config, message| config.bytes(message)).compile_fds(files.clone()).unwrap();
    // Comments and positions have no place in the description.
    files.file.iter_mut().for_each(|file| file.source_code_info = None);
    fs::write(out.join("descriptor.bin"), files.encode_to_vec()).unwrap();
}

#[test]
fn the_committed_code_is_what_the_proto_files_generate() {
    let committed = crate_dir().join("src/gen");
    if std::env::var_os("HA_REGENERATE").is_some() {
        return generate(&committed);
    }
    let fresh = tempfile::tempdir().unwrap();
    generate(fresh.path());
    for name in OUTPUTS {
        let same = fs::read(fresh.path().join(name)).unwrap() == fs::read(committed.join(name)).unwrap();
        assert!(same, "src/gen/{name} is stale: run HA_REGENERATE=1 cargo test -p ha-proto --test generated");
    }
}
