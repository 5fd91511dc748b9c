//! How the journal reads on disk: one line a record, with its length and checksum. Pure.
//!
//! Knows nothing of files or of what records mean together.

use std::collections::BTreeMap;

use ha_domain::id::{Digest, Time};
use ha_domain::step::StepId;
use serde::{Deserialize, Serialize};

/// How a step ended: findings, or what went wrong.
pub type Outcome = Result<BTreeMap<String, String>, String>;

/// A step that was begun.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// Which step.
    pub step: StepId,
    /// Digest of its action.
    pub digest: Digest,
    /// The action as it was ordered; of another agent version perhaps, hence not parsed.
    pub action: serde_json::Value,
    /// When, by the machine's clock.
    pub at: Time,
}

/// A step that ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Ended {
    /// Which step.
    pub step: StepId,
    /// How.
    pub outcome: Outcome,
    /// When, by the machine's clock.
    pub at: Time,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum Record {
    Begin(Begun),
    End(Ended),
}

/// `llllllll cccccccc `: length of the JSON and the beginning of its sha256, in hex.
const HEADER: usize = 18;

/// A record as a line. `None` only if it cannot be written as JSON.
pub(super) fn encode(record: &Record) -> Option<Vec<u8>> {
    let json = serde_json::to_vec(record).ok()?;
    let mut line = format!("{:08x} {} ", json.len(), Digest::of(&json).short()).into_bytes();
    line.extend(json);
    line.push(b'\n');
    Some(line)
}

/// What was read back.
#[derive(Debug, PartialEq)]
pub(super) struct Recovered {
    pub(super) records: Vec<Record>,
    /// The last record was cut off by a crash; it never counted, since its writer had not been told that it is safe.
    pub(super) torn: bool,
}

/// A record is damaged that cannot have been cut off by a crash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Damage {
    /// From 1.
    pub(super) record: usize,
    pub(super) reason: String,
}

/// Reads all records. A torn last one is left out; any other damage is refused.
pub(super) fn recover(mut bytes: &[u8]) -> Result<Recovered, Damage> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        match first(bytes) {
            Ok((record, rest)) => {
                records.push(record);
                bytes = rest;
            }
            Err(_) if is_torn(bytes) => return Ok(Recovered { records, torn: true }),
            Err(reason) => return Err(Damage { record: records.len() + 1, reason }),
        }
    }
    Ok(Recovered { records, torn: false })
}

fn first(bytes: &[u8]) -> Result<(Record, &[u8]), String> {
    let (len, sum) = header(bytes).ok_or("its beginning is not a length and a checksum")?;
    let json = bytes.get(HEADER..HEADER + len).ok_or("it is shorter than it says")?;
    if Digest::of(json).short().as_bytes() != sum {
        return Err("its checksum is wrong".to_owned());
    }
    let rest = bytes[HEADER + len..].strip_prefix(b"\n").ok_or("it does not end where it says")?;
    Ok((serde_json::from_slice(json).map_err(|e| format!("this agent does not understand it: {e}"))?, rest))
}

fn header(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let head = bytes.get(..HEADER)?;
    if head[8] != b' ' || head[17] != b' ' {
        return None;
    }
    let len = usize::from_str_radix(std::str::from_utf8(&head[..8]).ok()?, 16).ok()?;
    Some((len, &head[9..17]))
}

/// Whether what is left looks like one record that a crash cut off: nothing follows it, and it does not claim to have
/// ended earlier. A file system may leave zeros where data did not arrive.
fn is_torn(bytes: &[u8]) -> bool {
    let last_line = bytes.iter().position(|b| *b == b'\n').is_none_or(|at| at + 1 == bytes.len());
    let complete = |json: &[u8], sum: &[u8]| Digest::of(json).short().as_bytes() == sum && bytes.ends_with(b"\n");
    last_line
        && match header(bytes) {
            None => bytes.len() < HEADER || bytes.contains(&0),
            Some((len, sum)) => match bytes.get(HEADER..HEADER + len) {
                None => true,
                Some(json) => bytes.len() <= HEADER + len + 1 && !complete(json, sum),
            },
        }
}
