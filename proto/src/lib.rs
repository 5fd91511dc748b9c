//! ha-proto: the wire format and its generated code, and the conversions at the door.
//!
//! Knows the words of `ha-domain` and nothing of who sends or stores them.

/// Generated from `proto/ha/v1/*.proto`; see `tests/generated.rs` for how.
pub mod v1 {
    #![allow(missing_docs, unreachable_pub, clippy::all, clippy::too_many_lines, clippy::large_futures)]
    include!("gen/ha.v1.rs");
}

/// The compiled description of every service and message (a `google.protobuf.FileDescriptorSet`).
pub const DESCRIPTOR: &[u8] = include_bytes!("gen/descriptor.bin");
