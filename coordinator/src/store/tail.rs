//! The newest part of the log, in memory: what is not yet durable, and a little more so that followers are served
//! without reading the disk. Knows nothing of files.

use std::collections::VecDeque;

use super::types::{Entry, Payload};

/// Durable entries are dropped from memory beyond this many ...
const KEEP: usize = 1024;
/// ... or beyond this many bytes of commands.
const KEEP_BYTES: usize = 2 << 20;

/// A gapless run of entries that ends with the log.
#[derive(Default)]
pub(super) struct Tail {
    entries: VecDeque<Held>,
    bytes: usize,
}

struct Held {
    /// The write that makes it durable.
    write: u64,
    entry: Entry,
}

impl Tail {
    /// Adds the entry that follows the last one.
    pub(super) fn push(&mut self, write: u64, entry: Entry) {
        self.bytes += size(&entry);
        self.entries.push_back(Held { write, entry });
    }

    /// Removes entries from `index` on.
    pub(super) fn truncate_from(&mut self, index: u64) {
        while self.entries.back().is_some_and(|held| held.entry.log_id.index >= index) {
            self.bytes -= self.entries.pop_back().map_or(0, |held| size(&held.entry));
        }
    }

    /// Removes entries up to and with `index`.
    pub(super) fn purge(&mut self, index: u64) {
        while self.entries.front().is_some_and(|held| held.entry.log_id.index <= index) {
            self.drop_first();
        }
    }

    /// Lets go of entries that writes up to `write` made durable, if there are too many.
    pub(super) fn flushed(&mut self, write: u64) {
        while self.entries.front().is_some_and(|held| held.write <= write)
            && (self.entries.len() > KEEP || self.bytes > KEEP_BYTES)
        {
            self.drop_first();
        }
    }

    /// The index of the first entry held; everything before it is durable.
    pub(super) fn first(&self) -> Option<u64> {
        self.entries.front().map(|held| held.entry.log_id.index)
    }

    /// The held entries with an index in `start..end`.
    pub(super) fn range(&self, start: u64, end: u64) -> impl Iterator<Item = &Entry> {
        let first = self.first().unwrap_or(0);
        let skip = usize::try_from(start.saturating_sub(first)).unwrap_or(usize::MAX);
        let entries = self.entries.iter().skip(skip).map(|held| &held.entry);
        entries.take_while(move |entry| entry.log_id.index < end)
    }

    fn drop_first(&mut self) {
        self.bytes -= self.entries.pop_front().map_or(0, |held| size(&held.entry));
    }
}

/// What an entry weighs in memory, about.
pub(super) fn size(entry: &Entry) -> usize {
    const FIXED: usize = 64;
    match &entry.payload {
        Payload::Blank | Payload::Membership(_) => FIXED,
        Payload::Normal(command) => FIXED + command.0.len(),
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::store::types::{CommittedLeaderId, LogId};

    fn tail(writes: &[(u64, u64)]) -> Tail {
        let mut tail = Tail::default();
        for (write, index) in writes {
            let log_id = LogId::new(CommittedLeaderId { term: 1, node_id: 1 }, *index);
            tail.push(*write, Entry { log_id, payload: Payload::Blank });
        }
        tail
    }

    fn indices(tail: &Tail, start: u64, end: u64) -> Vec<u64> {
        tail.range(start, end).map(|e| e.log_id.index).collect()
    }

    #[test]
    fn a_range_is_cut_to_what_is_held() {
        let tail = tail(&[(1, 5), (1, 6), (2, 7)]);
        assert_eq!(indices(&tail, 0, 7), [5, 6]);
        assert_eq!(indices(&tail, 6, 100), [6, 7]);
        assert_eq!(indices(&tail, 8, 9), [] as [u64; 0]);
    }

    #[test]
    fn truncation_and_purge_cut_at_both_ends() {
        let mut tail = tail(&[(1, 5), (1, 6), (2, 7)]);
        tail.truncate_from(7);
        tail.purge(5);
        assert_eq!(indices(&tail, 0, 100), [6]);
        assert_eq!(tail.bytes, 64);
    }

    #[test]
    fn entries_that_are_not_durable_are_kept_however_many_they_are() {
        let writes: Vec<_> = (1..=3000).map(|i| (i, i)).collect();
        let mut tail = tail(&writes);
        tail.flushed(100);
        assert_eq!(tail.first(), Some(101));
        tail.flushed(3000);
        assert_eq!(tail.entries.len(), KEEP);
    }
}
