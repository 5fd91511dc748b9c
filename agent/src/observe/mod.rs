//! How the agent looks at its machine: components, layers, facts; each at its own pace. Judges nothing; what `repair` brings
//! back, it brings back before it is reported.

mod balance;
mod components;
mod database;
mod facts;
mod kubernetes;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use ha_domain::id::Digest;
use tokio::task::JoinSet;

use crate::execute::mesh::Mesh;
use crate::execute::{ActError, Context, Credentials};
use crate::machine::Machine;
use crate::repair;
use components::Pace;

/// Looking asks nothing of the mesh, nor does a repair.
pub(crate) struct NoMesh;

#[async_trait]
impl Mesh for NoMesh {
    async fn package(&self, digest: &Digest, _: &std::path::Path) -> Result<(), ActError> {
        Err(ActError::Refused(format!("package {} comes with a step only", digest.short())))
    }

    fn clock_ahead_ms(&self) -> Option<i64> {
        None
    }
}

/// Runs `look` with a context that carries no secret.
pub(crate) async fn looking<R>(machine: &Machine, look: impl AsyncFnOnce(&Context<'_>) -> R) -> R {
    let credentials = Credentials::new();
    let quiet = |_: String| {};
    let cx = Context {
        host: &*machine.host,
        ledger: &machine.ledger,
        credentials: &credentials,
        mesh: &NoMesh,
        progress: &quiet,
    };
    look(&cx).await
}

/// Starts to look; ends when the set is dropped.
pub fn start(machine: &Arc<Machine>, tasks: &mut JoinSet<()>) {
    repeat(machine, tasks, Duration::from_secs(10), facts::look);
    repeat(machine, tasks, Duration::from_secs(2), nearby);
    repeat(machine, tasks, Duration::from_secs(5), cluster);
    for pace in Pace::ALL {
        repeat(machine, tasks, pace.period(), move |machine| components::look(machine, pace));
    }
}

async fn nearby(machine: Arc<Machine>) {
    balance::look(&machine).await;
    database::look(&machine).await;
}

/// Apart and slower: every look at the cluster is a handful of TLS handshakes.
async fn cluster(machine: Arc<Machine>) {
    kubernetes::look(&machine).await;
}

/// Does something again and again, with a pause in between.
pub(crate) fn repeat<F>(
    machine: &Arc<Machine>,
    tasks: &mut JoinSet<()>,
    period: Duration,
    look: impl Fn(Arc<Machine>) -> F + Send + 'static,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let machine = Arc::clone(machine);
    tasks.spawn(async move {
        loop {
            look(Arc::clone(&machine)).await;
            tokio::time::sleep(period).await;
        }
    });
}

/// Looks at everything once: a first report must be whole.
pub async fn once(machine: &Arc<Machine>) {
    facts::look(Arc::clone(machine)).await;
    components::first(Arc::clone(machine)).await;
    repair::first(machine).await;
    nearby(Arc::clone(machine)).await;
    cluster(Arc::clone(machine)).await;
}
