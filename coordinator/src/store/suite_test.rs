//! The consensus library's own conformance suite, run against our log and machine.

use std::sync::Arc;

use openraft::StorageError;
use openraft::testing::log::{StoreBuilder, Suite};
use tempfile::TempDir;

use super::disk::{Disk, abort};
use super::log::Log;
use super::machine::{Machine, MachineError, Replica};
use super::types::Types;

/// A machine that keeps every command.
#[derive(Default)]
pub(super) struct Keeper(Vec<u8>);

impl Machine for Keeper {
    fn apply(&mut self, _: u64, command: &[u8]) -> Vec<u8> {
        self.0.extend_from_slice(command);
        Vec::new()
    }
    fn snapshot(&self) -> Vec<u8> {
        self.0.clone()
    }
    fn restore(&mut self, snapshot: &[u8]) -> Result<(), MachineError> {
        self.0 = snapshot.to_vec();
        Ok(())
    }
}

struct Builder;

impl StoreBuilder<Types, Log, Replica<Keeper>, TempDir> for Builder {
    async fn build(&self) -> Result<(TempDir, Log, Replica<Keeper>), StorageError<Types>> {
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::new(Disk::open(&dir.path().join("db"), abort()).unwrap());
        let log = Log::load(disk.clone()).unwrap();
        Ok((dir, log, Replica::new(Keeper::default(), disk)))
    }
}

#[tokio::test]
async fn the_log_and_the_machine_pass_the_librarys_suite() {
    Suite::test_all(Builder).await.unwrap();
}
